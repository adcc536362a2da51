"""Which claims a work is the source of."""

from dataclasses import replace

import pytest

from riostat.citations.reports import Work
from riostat.claims.claim import Measurement, Source
from riostat.claims.verdicts import verdict_of
from riostat.console.library.measured import is_source, measured_claims
from tests.claims.claims import SOURCE, made

DOI = "10.1000/x"
TITLE = SOURCE.title
NAMED = replace(SOURCE, doi="https://doi.org/10.1000/X")


@pytest.mark.parametrize(
    ("work", "source", "same"),
    [
        (Work(1, DOI, "Another title", 2000, ""), NAMED, True),
        (Work(1, "10.1000/y", TITLE, SOURCE.year, ""), NAMED, False),
        (Work(1, None, "A Title \u2013 with: Marks!", SOURCE.year, ""), NAMED, True),
        (Work(1, DOI, TITLE, SOURCE.year, ""), replace(SOURCE, doi=""), True),
        (Work(1, None, TITLE, SOURCE.year + 1, ""), NAMED, False),
        (Work(1, None, TITLE, None, ""), NAMED, False),
        (Work(1, None, "", SOURCE.year, ""), replace(SOURCE, doi="", title=""), False),
    ],
)
def test_the_doi_decides_else_title_and_year(work: Work, source: Source, *, same: bool) -> None:
    assert is_source(work, source) is same


def test_a_claim_without_a_verdict_has_none() -> None:
    claim = replace(made(), source=NAMED)
    work = Work(1, DOI, "", None, "")
    verdict = verdict_of(claim, Measurement(4, 3, 5), quick=True, measured_at=0, run="a/b")
    unmeasured, measured = measured_claims(work, [(claim, None), (claim, verdict), (made(), None)])
    assert (unmeasured.verdict, unmeasured.measured, unmeasured.run_href) == (None, None, None)
    assert (measured.low, measured.value, measured.high) == (3, 4, 5)
    assert measured.run_href == "/runs/a%2Fb"
