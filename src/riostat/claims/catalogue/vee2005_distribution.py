"""vee2005-distribution: one profile tells events apart by domain and routine."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from riostat.claims.catalogue.sources import VEE_2005
from riostat.claims.claim import Claim, Measurement, Rule, Setting
from riostat.claims.experiment import Experiment
from riostat.claims.mix import FUNCTIONS, Row, Spent, Started
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import ClaimError
from riostat.profiler.cgroups import cgroup_domain
from riostat.profiler.snapshot import cgroup_mount

__all__ = ["CLAIM"]

_FREQUENCY_HZ = 997
_QUICK_ROUNDS, _FULL_ROUNDS = 3, 12
_BINS = 60
_WITHIN = 0.8


@dataclass(frozen=True, slots=True)
class _Part:
    """A program of the mix: where it runs, how much CPU time it uses, the first function's share.

    `container` is the name of its cgroup, "" for the host.
    """

    container: str
    seconds: float
    share: float


_PARTS = (_Part("", 1.5, 0.75), _Part("a", 1.0, 0.3), _Part("b", 0.5, 0.6))


_Shares = Mapping[Row, float]


def _missing() -> Sequence[str]:
    mount = cgroup_mount()
    if mount is None or not os.access(mount, os.W_OK):
        return ["This user may make no cgroups, which containers are here; run it as root."]
    return []


def _measure(experiment: Experiment) -> Measurement:
    from riostat.claims.shares import estimate_shares
    from riostat.core.intervals import wilson

    rounds = _QUICK_ROUNDS if experiment.quick else _FULL_ROUNDS
    played = []
    with experiment.profiled(frequency_hz=_FREQUENCY_HZ):
        for number in range(rounds):
            experiment.progress(number, rounds)
            played.append(_play(experiment, number))
    experiment.progress(rounds, rounds)
    within, shares, largest = 0, 0, 0.0
    for began_ns, ended_ns, truth in played:
        rows = sorted(truth)
        found = estimate_shares(experiment, began_ns, ended_ns, rows)
        for share, value, low, high in zip(
            (truth[row] for row in rows), found.value, found.low, found.high, strict=True
        ):
            shares += 1
            within += bool(low <= share <= high)
            largest = max(largest, abs(float(value) - share))
    interval = wilson(within, shares)
    details = {"shares": float(shares), "largest difference": round(largest, 5)}
    return Measurement(within / shares, interval.low, interval.high, details)


def _play(experiment: Experiment, number: int) -> tuple[int, int, _Shares]:
    """Run the mix once; return when it began and ended, and the true shares of its CPU time."""
    with ExitStack() as stack:
        programs = [stack.enter_context(_program(experiment, part, number)) for part in _PARTS]
        began_ns = SYSTEM_CLOCK.monotonic_ns()
        for _, process in programs:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        spent = [_said(process, Spent).seconds for _, process in programs]
        ended_ns = SYSTEM_CLOCK.monotonic_ns()
    total = sum(map(sum, spent))
    truth: dict[Row, float] = {}
    for (domain, process), seconds in zip(programs, spent, strict=True):
        truth[Row(process.pid, domain, "")] = sum(seconds) / total
        for function, of_function in zip(FUNCTIONS, seconds, strict=True):
            truth[Row(process.pid, domain, function)] = of_function / total
    return began_ns, ended_ns, truth


@contextmanager
def _program(
    experiment: Experiment, part: _Part, number: int
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Start a program of the mix in its cgroup; yield its domain and the process."""
    with ExitStack() as stack:
        cgroup = _own_cgroup()
        if part.container:
            cgroup = f"/riostat-claim-{os.getpid()}-{number}-{part.container}"
            stack.enter_context(_made(_mount() / cgroup[1:]))
        command = [sys.executable, "-m", "riostat.claims.mix"]
        command += [f"--kernels={experiment.data.kernels}"]
        command += [f"--share={part.share}", f"--seconds={part.seconds}"]
        process = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        )
        stack.callback(process.kill)
        if part.container:
            (_mount() / cgroup[1:] / "cgroup.procs").write_text(str(process.pid))
        perf_map = _said(process, Started).perf_map
        experiment.evidence.artefact(f"perf-{process.pid}.map", perf_map)
        yield cgroup_domain(cgroup).name, process
        process.wait()


@contextmanager
def _made(cgroup: Path) -> Iterator[None]:
    cgroup.mkdir()
    try:
        yield
    finally:
        with suppress(OSError):
            cgroup.rmdir()


def _mount() -> Path:
    mount = cgroup_mount()
    assert mount is not None
    return mount


def _own_cgroup() -> str:
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    return next((line[3:] for line in lines if line.startswith("0::")), "/")


_Said = TypeVar("_Said", Started, Spent)


def _said(process: "subprocess.Popen[bytes]", kind: type[_Said]) -> _Said:
    """Return the next line of a program of the mix."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise ClaimError("A program of the mix ended early; what it said stands above.")
    return msgspec.json.decode(line, type=kind)


CLAIM = Claim(
    id="vee2005-distribution",
    source=VEE_2005,
    sentence="One coordinated profile of several domains yields how events are distributed over "
    "domains, processes and routines.",
    setting=Setting.ANALOGUE,
    method="Three programs, one on the host and two in containers, work with two functions each "
    "and measure how much CPU time each function takes; the whole machine is sampled at 997 Hz. A "
    "share is right where its printed 95 % interval holds the measured one. Containers stand for "
    "Xen's domains.",
    rule=Rule("the part of the shares that are right", "of all", _WITHIN, at_least=True),
    missing=_missing,
    measure=_measure,
)
