"""Claims made for tests, which measure at once what they are told to."""

from collections.abc import Sequence
from dataclasses import replace

from riostat.claims.claim import Claim, Measurement, Rule, Setting, Source
from riostat.claims.experiment import Experiment
from riostat.core.errors import ClaimError

SOURCE = Source("A. Author & B. <Author>", "A title | with marks", "A venue", 1997, "10.1/x")


def made(
    measurement: Measurement | None = None,
    *,
    missing: Sequence[str] = (),
    setting: Setting = Setting.ANALOGUE,
) -> Claim:
    """A claim whose measurement is known; without one, measuring fails."""

    def measure(experiment: Experiment) -> Measurement:
        experiment.progress(1, 2)
        experiment.evidence.values({"value": 4.5}, unit="s")
        if measurement is None:
            raise ClaimError("The measurement failed.")
        return replace(measurement, details={"seed": experiment.seed})

    return Claim(
        id="made-claim",
        source=SOURCE,
        sentence="A thing & another are so.",
        setting=setting,
        method="By measuring < more.",
        rule=Rule("the value", "units", 3.4, at_least=True),
        missing=lambda: missing,
        measure=measure,
    )
