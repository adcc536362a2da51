"""Samples a second of the compiled decoder, beside the one in Python and numpy.

Run it with ``python benchmarks/decoder.py``. Both decode the same chunks as a ring gives them:
700 samples of one CPU each, with callchains of eleven frames out of 3,000. Times are CPU time of
this process, medians of interleaved rounds. The compiled decoder is loaded, from a warm cache, in
a process of its own, to tell from how many samples on it pays.
"""

import argparse
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from riostat.core.kernelcache import import_kernels
from riostat.profiler.callchains import ChainTable, intern_plainly
from riostat.profiler.chunks import Batch
from riostat.profiler.samples import (
    Limits,
    decode_compiled,
    decode_plainly,
)

SAMPLES_OF_A_CHUNK = 700
CHAINS = 3000
DEPTH = 10  # and a marker
BAR = 20e6
AIM = 30e6
LOADING = """
import sys, time
import numpy
from pathlib import Path
begin = time.process_time()
from riostat.core.kernelcache import import_kernels
from riostat.profiler.callchains import ChainTable
from riostat.profiler.chunks import Batch
from riostat.profiler.samples import Limits, decode_compiled
kernels = import_kernels("riostat.profiler.kernels", Path(sys.argv[1]))
batch = Batch([])
limits = Limits(0, 0, 1, {1: 0})
found = decode_compiled(batch, limits, kernels)
ChainTable(kernels).intern(batch.words, found.sample_words)
print(time.process_time() - begin)
"""


def chunks(count: int) -> list[bytes]:
    """Return `count` samples as the payloads of frames."""
    draw = random.Random(1)
    chains = [
        ((1 << 64) - 512, *(draw.randrange(1 << 47) for _ in range(DEPTH))) for _ in range(CHAINS)
    ]
    layout = struct.Struct(f"<IHHQQIIQIIQQ{DEPTH + 1}QQ")
    made, time_ns = [], 0
    for first in range(0, count, SAMPLES_OF_A_CHUNK):
        cpu = first // SAMPLES_OF_A_CHUNK % 2
        parts = [struct.pack("<II", cpu, 0)]
        for _ in range(min(SAMPLES_OF_A_CHUNK, count - first)):
            time_ns += draw.randrange(500_000)
            chain, pid = draw.choice(chains), draw.randrange(50)
            fields = (cpu + 1, chain[1], pid, pid, time_ns, cpu, 0, 250_000, DEPTH + 1)
            parts.append(layout.pack(9, 2, layout.size, *fields, *chain, 1))
        made.append(b"".join(parts))
    return made


def measure(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of each way, after one round that nobody counts."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            begin = time.process_time()
            way()
            if number:
                times[name].append(time.process_time() - begin)
    return {name: statistics.median(found) for name, found in times.items()}


def compare(kernels: ModuleType, count: int, rounds: int) -> dict[str, float]:
    """Return the CPU seconds for `count` samples of each part of the work."""
    batch = Batch([(memoryview(chunk), 1 << 60) for chunk in chunks(count)])
    limits = Limits(0, 0, 1 << 60, {1: 0, 2: 0})
    starts = decode_plainly(batch, limits).sample_words
    assert len(starts) == count
    ways: dict[str, Callable[[], object]] = {
        "decode, compiled": lambda: decode_compiled(batch, limits, kernels),
        "decode, Python and numpy": lambda: decode_plainly(batch, limits),
        "intern callchains, compiled": lambda: ChainTable(kernels).intern(batch.words, starts),
        "intern callchains, Python": lambda: intern_plainly([(batch.words, starts)]),
    }
    return measure(ways, rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=350_000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        kernels = import_kernels("riostat.profiler.kernels", Path(directory))
        seconds = compare(kernels, given.samples, given.rounds)
        loading = [
            float(subprocess.check_output([sys.executable, "-c", LOADING, directory]))
            for _ in range(3)
        ]
    print(f"{given.samples} samples, medians of {given.rounds} rounds:")
    for name, found in seconds.items():
        rate, each = given.samples / found, found / given.samples * 1e9
        print(f"  {name:28} {rate / 1e6:6.1f} million a second, {each:6.1f} ns each")
    rate = given.samples / seconds["decode, compiled"]
    verdict = "met" if rate >= BAR else "MISSED"
    print(f"  compiled: bar {BAR / 1e6:g} million a second, aim {AIM / 1e6:g}: {verdict}")
    per_sample = sum(seconds.values()) / given.samples
    compiled = sum(value for name, value in seconds.items() if name.endswith("compiled"))
    saved = per_sample - 2 * compiled / given.samples
    print(
        f"  loading the compiled decoder: {statistics.median(loading):.3f} CPU s, won back from "
        f"{statistics.median(loading) / saved / 1e6:.1f} million samples on"
    )


if __name__ == "__main__":
    main()
