"""vee2005-overhead: statistical profiling disturbs little."""

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from riostat.claims.catalogue.sources import VEE_2005
from riostat.claims.claim import Claim, Measurement, Rule, Setting
from riostat.claims.experiment import Experiment
from riostat.claims.work import seconds_of
from riostat.core.errors import ClaimError

__all__ = ["CLAIM"]

_FREQUENCIES_HZ = (100, 1000, 4000)
_JUDGED_HZ = 1000
_WORK_S = 0.5
_TRIAL_LOOPS = 300_000
_QUICK_ROUNDS, _FULL_ROUNDS = 8, 30
_TIMEOUT_S = 120


def _measure(experiment: Experiment) -> Measurement:
    from riostat.core.intervals import median_interval

    loops = int(_TRIAL_LOOPS * _WORK_S / seconds_of(_TRIAL_LOOPS))
    work = [sys.executable, "-m", "riostat.claims.work", str(loops)]
    rounds = _QUICK_ROUNDS if experiment.quick else _FULL_ROUNDS
    slowdowns: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as directory:
        for number in range(rounds):
            experiment.progress(number, rounds)
            ways = _ways(Path(directory) / str(number), work)
            # The order turns, so that a machine that slows down does not slow one way alone.
            order = [*ways][number % len(ways) :] + [*ways][: number % len(ways)]
            seconds = {name: _seconds(ways[name]) for name in order}
            alone = seconds.pop("alone")
            experiment.evidence.values({"alone": alone, **seconds}, unit="s")
            for name, value in seconds.items():
                slowdowns.setdefault(name, []).append(value / alone - 1)
    experiment.progress(rounds, rounds)
    judged = slowdowns[f"riostat {_JUDGED_HZ} Hz"]
    interval = median_interval(judged)
    return Measurement(
        statistics.median(judged),
        interval.low,
        interval.high,
        {"rounds": rounds}
        | {f"slowdown, {name}": round(statistics.median(v), 5) for name, v in slowdowns.items()},
    )


def _ways(directory: Path, work: Sequence[str]) -> dict[str, list[str]]:
    """Return the command lines that are compared, by name."""
    ways = {"alone": [*work]}
    for frequency in _FREQUENCIES_HZ:
        record = ["profile", "record", f"-F{frequency}", f"-o{directory}/{frequency}", "--"]
        ways[f"riostat {frequency} Hz"] = [sys.executable, "-m", "riostat", *record, *work]
    if shutil.which("perf"):
        directory.mkdir()
        record = ["record", "-q", "-a", "-g", f"-F{_JUDGED_HZ}", f"-o{directory}/perf.data", "--"]
        ways[f"perf {_JUDGED_HZ} Hz"] = ["perf", *record, *work]
    return ways


def _seconds(command: Sequence[str]) -> float:
    """Run the work in one way and return what it says that it took."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    if done.returncode:
        raise ClaimError(
            f"The slowdown cannot be measured, because {command[0]} failed: "
            f"{done.stderr.strip().splitlines()[-1:] or ['it said nothing']}"
        )
    return float(done.stdout.splitlines()[0])


CLAIM = Claim(
    id="vee2005-overhead",
    source=VEE_2005,
    sentence="Statistical profiling disturbs what is profiled only a little.",
    setting=Setting.ANALOGUE,
    method="The same work on every CPU, alone and while the machine is profiled with callchains "
    "at 100, 1000 and 4000 Hz, and by perf at 1000 Hz, in turn; each time is compared with that of "
    "the same round alone, and the median counts. Processes stand for Xen's domains.",
    rule=Rule(f"the slowdown at {_JUDGED_HZ} Hz", "of the time alone", 0.05, at_least=False),
    missing=lambda: (),
    measure=_measure,
)
