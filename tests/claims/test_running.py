"""From a claim to its verdict and the run behind it."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from riostat.claims.claim import Claim, Measurement
from riostat.claims.running import run_claim
from riostat.claims.verdicts import Verdict, Verdicts
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import ClaimError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from tests.claims.claims import made

Runner = Callable[[Claim], Verdict]


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    data = DataDirectory(tmp_path)
    data.make()
    return data


@pytest.fixture
def run(data: DataDirectory) -> Runner:
    def runner(claim: Claim) -> Verdict:
        return run_claim(
            claim,
            data=data,
            clock=SYSTEM_CLOCK,
            seed=7,
            quick=True,
            progress=lambda done, of: None,  # noqa: ARG005 - called with what is done, of how much
        )

    return runner


def test_a_measured_claim_has_a_run_with_its_evidence_and_its_verdict(
    data: DataDirectory, run: Runner
) -> None:
    verdict = run(made(Measurement(4, 3.5, 4.5)))
    assert (verdict.verdict, verdict.details) == ("consistent", {"seed": 7})
    assert verdict.run is not None
    recorded = Run.open(RunDirectory(data.runs).find(verdict.run))
    assert recorded.series("claims.value")[1].tolist() == [4.5]
    assert msgspec.json.decode(recorded.artefact("verdict.json"), type=Verdict) == verdict
    assert recorded.state().complete
    assert Verdicts(data.claims).last() == {verdict.id: verdict}


def test_what_is_missing_is_said_and_nothing_is_measured(data: DataDirectory, run: Runner) -> None:
    verdict = run(made(missing=["There is no such thing."]))
    assert (verdict.verdict, verdict.value, verdict.run) == ("not measurable here", None, None)
    assert verdict.missing == ["There is no such thing."]
    assert RunDirectory(data.runs).paths() == []
    assert Verdicts(data.claims).last() == {verdict.id: verdict}


def test_a_measurement_that_fails_leaves_the_last_verdict_and_no_run(
    data: DataDirectory, run: Runner
) -> None:
    before = run(made(Measurement(1, 0, 2)))
    runs = RunDirectory(data.runs).paths()
    with pytest.raises(ClaimError, match=r"^The measurement failed\.$"):
        run(made())
    assert RunDirectory(data.runs).paths() == runs
    assert Verdicts(data.claims).last() == {before.id: before}
