"""Running a claim: from what it needs to the verdict that is kept."""

import sys
from collections.abc import Callable

import msgspec

from riostat.claims.claim import Claim
from riostat.claims.experiment import Evidence, Experiment
from riostat.claims.verdicts import Verdict, Verdicts, verdict_of
from riostat.core.clock import Clock
from riostat.core.datadir import DataDirectory
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter

__all__ = ["run_claim"]

VERDICT = "verdict.json"


def run_claim(
    claim: Claim,
    *,
    data: DataDirectory,
    clock: Clock,
    seed: int,
    quick: bool,
    progress: Callable[[int, int], None],
) -> Verdict:
    """Measure a claim into a run of its own, judge it, and keep the verdict.

    Where the machine lacks something the verdict says so, and there is no run. Raises
    `RiostatError` where a measurement fails: then the last verdict stays.
    """
    verdicts, moment_ns = Verdicts(data.claims), clock.realtime_ns()
    missing = list(claim.missing())
    if missing:
        verdict = verdict_of(claim, None, missing=missing, quick=quick, measured_at=moment_ns)
        verdicts.keep(verdict)
        return verdict
    runs = RunDirectory(data.runs)
    run_id, path = runs.create(command=("riostat", *sys.argv[1:]), clock=clock)
    try:
        with RunWriter.create(path, writer="claims", run_id=run_id, clock=clock) as writer:
            evidence = Evidence(writer, clock)
            measured = claim.measure(Experiment(data, path, evidence, seed, quick, progress))
            verdict = verdict_of(claim, measured, run=run_id, quick=quick, measured_at=moment_ns)
            evidence.artefact(VERDICT, msgspec.json.encode(verdict))
    except BaseException:
        runs.remove(path)  # half an experiment is no evidence
        raise
    verdicts.keep(verdict)
    return verdict
