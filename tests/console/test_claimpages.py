"""The page of the claims."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from riostat.claims.catalogue import CLAIMS
from riostat.claims.claim import Measurement, Rule
from riostat.claims.verdicts import verdict_of
from riostat.console.claimpages import plot
from tests.claims.claims import made
from tests.console.serving import RunningConsole


def test_every_claim_is_on_the_page_and_in_the_api(console: RunningConsole) -> None:
    with console.client() as client:
        page = client.get("/claims")
        answer = client.get("/api/claims").json()
    assert page.status_code == 200
    assert [row["id"] for row in answer["claims"]] == [claim.id for claim in CLAIMS]
    assert answer["running"] is None
    for claim in CLAIMS:
        assert f'id="{claim.id}"' in page.text
        assert str(escape(claim.sentence)) in page.text


@given(
    figures=st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).map(sorted),
    threshold=st.floats(-1e6, 1e6),
)
def test_a_plot_keeps_the_order_of_its_figures(figures: list[float], threshold: float) -> None:
    claim = replace(made(), rule=Rule("the value", "", threshold, at_least=True))
    low, value, high = figures
    verdict = verdict_of(claim, Measurement(value, low, high), quick=True, measured_at=0)
    shown = plot(verdict)
    assert shown is not None
    assert 0 <= shown.low <= shown.value <= shown.high <= 100
    assert 0 <= shown.threshold <= 100
    if threshold > high:
        assert shown.threshold >= shown.high
    if threshold < low:
        assert shown.threshold <= shown.low


def test_a_share_of_none_and_its_threshold_stand_on_a_logarithmic_line() -> None:
    claim = replace(made(), rule=Rule("late", "", 1e-6, at_least=False))
    verdict = verdict_of(claim, Measurement(0, 0, 4.8e-9), quick=True, measured_at=0)
    shown = plot(verdict)
    assert shown is not None
    assert shown.logarithmic
    assert shown.value < shown.high < shown.threshold


def test_without_a_measurement_there_is_no_plot() -> None:
    verdict = verdict_of(made(), None, missing=["No disk."], quick=True, measured_at=0)
    assert plot(verdict) is None
