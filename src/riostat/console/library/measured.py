"""Works and claims: which claims were taken from a work, and what was measured of them here."""

from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from riostat.citations.identifiers import normal_doi
from riostat.citations.reports import Work
from riostat.citations.titles import title_key
from riostat.claims.claim import Claim, Source
from riostat.claims.document import measured
from riostat.claims.verdicts import Verdict

__all__ = ["MeasuredClaim", "is_source", "measured_claims"]


class MeasuredClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim taken from a work, and the last verdict on it; without one all below is None.

    `setting` says how near this machine comes to what the work speaks of, `measured` is the value
    with its interval in words or what was missing, `run_href` the page of the run behind it.
    """

    id: str
    sentence: str
    setting: str
    rule: str
    verdict: str | None
    measured: str | None
    value: float | None
    low: float | None
    high: float | None
    unit: str | None
    run_href: str | None


def is_source(work: Work, source: Source) -> bool:
    """Tell whether a claim's source is this work: by DOI, else by title and year."""
    doi = normal_doi(source.doi)
    if doi is not None and work.doi is not None:
        return doi == work.doi
    key = title_key(source.title)
    return bool(key) and key == title_key(work.title) and source.year == work.year


def measured_claims(
    work: Work, claims: Iterable[tuple[Claim, Verdict | None]]
) -> list[MeasuredClaim]:
    """Return the claims whose source is this work."""
    return [
        _measured_claim(claim, verdict)
        for claim, verdict in claims
        if is_source(work, claim.source)
    ]


def _measured_claim(claim: Claim, verdict: Verdict | None) -> MeasuredClaim:
    run = None if verdict is None else verdict.run
    return MeasuredClaim(
        id=claim.id,
        sentence=claim.sentence,
        setting=claim.setting,
        rule=str(claim.rule),
        verdict=None if verdict is None else verdict.verdict,
        measured=None if verdict is None else measured(verdict),
        value=None if verdict is None else verdict.value,
        low=None if verdict is None else verdict.low,
        high=None if verdict is None else verdict.high,
        unit=None if verdict is None else verdict.unit,
        run_href=None if run is None else f"/runs/{quote(run, safe='')}",
    )
