"""Claims: a sentence of a published work, and the experiment that could refute it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from riostat.claims.experiment import Experiment

__all__ = ["Claim", "Judgement", "Measurement", "Rule", "Setting", "Source"]


class Setting(StrEnum):
    """How near this machine comes to what the sentence speaks of."""

    SAME = "same"
    ANALOGUE = "analogue"
    SIMULATION = "simulation"
    EMULATED = "emulated"


class Judgement(StrEnum):
    """What a measurement says of a claim; only in the same setting does it support or contrast."""

    SUPPORTS = "supports"
    CONTRASTS = "contrasts"
    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    INCONCLUSIVE = "inconclusive"
    NOT_MEASURABLE = "not measurable here"


@dataclass(frozen=True, slots=True)
class Source:
    """A published work; `doi` is empty where it could not be checked against metadata."""

    authors: str
    title: str
    venue: str
    year: int
    doi: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What an experiment found: a value with its 95 % interval, and the figures beside it."""

    value: float
    low: float
    high: float
    details: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a claim holds: `value`, in `unit`, is at least or at most `threshold`.

    It counts as decided where the whole interval lies on one side.
    """

    value: str
    unit: str
    threshold: float
    at_least: bool

    def __str__(self) -> str:
        bound = "at least" if self.at_least else "at most"
        return f"{self.value} is {bound} {self.threshold:g} {self.unit}".rstrip()

    def judge(self, measured: Measurement, setting: Setting) -> Judgement:
        """Return what a measurement says of the claim."""
        above, below = measured.low >= self.threshold, measured.high <= self.threshold
        holds, fails = (above, below) if self.at_least else (below, above)
        same = setting is Setting.SAME
        if holds:
            return Judgement.SUPPORTS if same else Judgement.CONSISTENT
        if fails:
            return Judgement.CONTRASTS if same else Judgement.INCONSISTENT
        return Judgement.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim: `sentence` is the source's, in our words; `method` says how it is put to the test.

    `missing` returns what this machine lacks for it, a sentence each.
    """

    id: str
    source: Source
    sentence: str
    setting: Setting
    method: str
    rule: Rule
    missing: Callable[[], Sequence[str]]
    measure: Callable[[Experiment], Measurement]
