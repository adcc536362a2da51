"""A program with a known mix of two functions: ``python -m riostat.claims.mix``.

It says its process number and where its functions lie, waits for a line, works until it has used
so much CPU time, and says how much of it each function took.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from riostat.core.kernelcache import import_kernels
from riostat.core.kernelsymbols import perf_map_of_kernels

__all__ = ["FUNCTIONS", "Row", "Spent", "Started"]

FUNCTIONS = ("claims.kernels.first", "claims.kernels.second")
_BATCH_S = 0.004
_TRIAL_LOOPS = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """What a share is of: a program, in its domain, and one of `FUNCTIONS` or, for "", both."""

    pid: int
    domain: str
    function: str


class Started(msgspec.Struct):
    """The first line: who this is, and its functions as a perf map."""

    pid: int
    perf_map: bytes


class Spent(msgspec.Struct):
    """The last line: CPU seconds in each of `FUNCTIONS`."""

    seconds: list[float]


def _timed(function: Callable[[int], int], loops: int) -> float:
    before = time.thread_time()
    function(loops)
    return time.thread_time() - before


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernels", type=Path, required=True)
    parser.add_argument("--share", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    kernels = import_kernels("riostat.claims.kernels", given.kernels)
    functions = (kernels.first, kernels.second)
    loops = []
    for function, share in zip(functions, (given.share, 1 - given.share), strict=True):
        function(1)
        loops.append(int(_TRIAL_LOOPS * share * _BATCH_S / _timed(function, _TRIAL_LOOPS)))
    started = Started(os.getpid(), perf_map_of_kernels([kernels]))
    sys.stdout.buffer.write(msgspec.json.encode(started) + b"\n")
    sys.stdout.buffer.flush()
    sys.stdin.buffer.readline()
    spent = [0.0, 0.0]
    while sum(spent) < given.seconds:
        for number, function in enumerate(functions):
            spent[number] += _timed(function, loops[number])
    sys.stdout.buffer.write(msgspec.json.encode(Spent(spent)) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main()
