"""Verdicts: what was found, and the last one of each claim."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from riostat.claims.claim import Claim, Judgement, Measurement
from riostat.core.errors import ClaimError
from riostat.core.wholefile import write_whole

__all__ = ["Verdict", "Verdicts", "verdict_of"]

_SUFFIX = ".json"
_SIZE_MAX = 1 << 20


class Verdict(msgspec.Struct, frozen=True):
    """A claim, what was measured, and what it says of the claim, as `--json` prints it.

    `value`, `low`, `high` and `run` are None where nothing could be measured; `missing` says why.
    `measured_at` is nanoseconds since 1970 (UTC).
    """

    id: str
    source: str
    sentence: str
    setting: str
    verdict: str
    value: float | None
    low: float | None
    high: float | None
    threshold: float
    unit: str
    run: str | None
    missing: list[str]
    rule: str
    quick: bool
    measured_at: int
    details: dict[str, float]


def verdict_of(
    claim: Claim,
    measured: Measurement | None,
    *,
    quick: bool,
    measured_at: int,
    run: str | None = None,
    missing: Sequence[str] = (),
) -> Verdict:
    """Return what a measurement says of a claim; without one it is not measurable here."""
    if measured is None:
        judgement = Judgement.NOT_MEASURABLE
    else:
        judgement = claim.rule.judge(measured, claim.setting)
    source = claim.source
    return Verdict(
        id=claim.id,
        source=source.doi or f"{source.authors}, {source.title}, {source.venue} {source.year}",
        sentence=claim.sentence,
        setting=claim.setting,
        verdict=judgement,
        value=None if measured is None else measured.value,
        low=None if measured is None else measured.low,
        high=None if measured is None else measured.high,
        threshold=claim.rule.threshold,
        unit=claim.rule.unit,
        run=run,
        missing=list(missing),
        rule=str(claim.rule),
        quick=quick,
        measured_at=measured_at,
        details={} if measured is None else measured.details,
    )


class Verdicts:
    """The last verdict of each claim, a file each."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def keep(self, verdict: Verdict) -> None:
        """Put a verdict in the place of the last one; raises `ClaimError` where it cannot."""
        path = self.directory / f"{verdict.id}{_SUFFIX}"
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, msgspec.json.encode(verdict))
        except OSError as error:
            raise ClaimError(
                f"The verdict on {verdict.id} cannot be kept in {self.directory} "
                f"({error.strerror}); free space or choose another directory with --data."
            ) from error

    def last(self) -> Mapping[str, Verdict]:
        """Return the last verdict of each claim that has one; damaged files count as none."""
        found = {}
        with suppress(FileNotFoundError):
            for path in sorted(self.directory.glob(f"*{_SUFFIX}")):
                with suppress(OSError, msgspec.MsgspecError), path.open("rb") as file:
                    verdict = msgspec.json.decode(file.read(_SIZE_MAX), type=Verdict)
                    found[verdict.id] = verdict
        return found
