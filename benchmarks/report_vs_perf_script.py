"""Reading a profile beside ``perf script`` and ``perf report``: CPU time, and the shares they show.

Run it with ``python benchmarks/report_vs_perf_script.py``. riostat and perf record the same load
at the same time, cpu-clock with callchains on every CPU; then each reads its own recording, in
turn, round by round. Compared is CPU time, of whole processes (wait4) and, for riostat, of what
``riostat profile report`` does once Python, numpy and the command's modules are loaded, in a fresh
process each time, and of doing so once more, as in the console. The symbol caches of both tools
are warm.
"""

import argparse
import importlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from riostat.core.run import Run
from riostat.core.span import Span
from riostat.profiler.profile import Profile
from riostat.profiler.report import build_report
from riostat.profiler.symbols.symbolizer import Symbolizer

# Forty functions of different weight, eleven frames deep, in two programs.
LOAD = r"""
#include <stdlib.h>
static volatile unsigned long sink;
#define WORK(n) \
  __attribute__((noinline)) unsigned long work_##n(unsigned long x) { \
    for (int i = 0; i < 40 * (n + 1); i++) x = x * 6364136223846793005UL + n; \
    return x; \
  }
#define TEN(t) WORK(t##0) WORK(t##1) WORK(t##2) WORK(t##3) WORK(t##4) \
  WORK(t##5) WORK(t##6) WORK(t##7) WORK(t##8) WORK(t##9)
TEN(1) TEN(2) TEN(3) TEN(4)
#define NAMES(t) work_##t##0, work_##t##1, work_##t##2, work_##t##3, work_##t##4, \
  work_##t##5, work_##t##6, work_##t##7, work_##t##8, work_##t##9
static unsigned long (*const all[])(unsigned long) = {NAMES(1), NAMES(2), NAMES(3), NAMES(4)};
__attribute__((noinline)) unsigned long deeper(unsigned long x, int depth) {
  return depth ? deeper(x, depth - 1) + 1 : all[(x >> 33) % 40](x);
}
int main(int argc, char **argv) {
  unsigned long x = (unsigned long)argv + argc;
  for (;;) {
    x = deeper(x, 7);
    sink += x;
    if ((x >> 40) % 64 == 0) free(malloc(x % 100000));
  }
}
"""
COMPILE = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"]
BAR_FASTER = 10.0
AIM_FASTER = 20.0
BAR_POINTS = 1.0
TOP = 20
UNKNOWN = "[unknown]"
# What the start of `riostat` sets for itself: threads of numpy's BLAS spin for 15 ms otherwise.
AS_STARTED = {"OPENBLAS_NUM_THREADS": "1"}
FIRST, AGAIN = "within riostat, loaded", "within riostat, once more"
Key = tuple[str, str]
RIOSTAT = str(Path(sys.executable).with_name("riostat"))


def cpu_seconds(command: list[str], data: Path) -> float:
    """Run a command that must succeed, its output thrown away; return its CPU seconds."""
    with (data / "stderr").open("w+b") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=os.environ | {"RIOSTAT_DATA": str(data), **AS_STARTED},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{errors.read().decode()}")
    return usage.ru_utime + usage.ru_stime


def record(frequency: int, seconds: float, data: Path) -> None:
    """Record the same seconds with both tools."""
    environment = os.environ | {"RIOSTAT_DATA": str(data)}
    options = ["-F", str(frequency), "-e", "cpu-clock"]
    perf = ["perf", "record", *options, "-k", "mono", "-a", "-g", "-o", perf_data(data)]
    commands = [
        [RIOSTAT, "profile", "record", *options, "-d", str(seconds), "-o", "run"],
        [*perf, "--", "sleep", str(seconds)],
    ]
    tools = [subprocess.Popen(c, env=environment, stderr=subprocess.PIPE) for c in commands]
    for command, tool in zip(commands, tools, strict=True):
        _, errors = tool.communicate()
        if tool.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{errors.decode()}")


def perf_data(data: Path) -> str:
    """Return where perf keeps its recording."""
    return str(data / "perf.data")


def inside(run: Path) -> None:
    """Print to stderr the CPU seconds of reporting a run once everything is loaded, twice."""
    from riostat.commands.profile.report import command
    from riostat.profiler.symbols.demangling import demangled

    for module in ("loading", "result", "table"):  # what the command imports when it runs
        importlib.import_module(f"riostat.commands.profile.{module}")
    importlib.import_module("locale")  # and click, for the text of its --help
    demangled(b"_ZN1a1bEv")  # loads the demangler
    for _ in range(2):
        begin = time.process_time()
        command.main([str(run)], standalone_mode=False)
        print(time.process_time() - begin, file=sys.stderr)


def read(data: Path, rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of each way to read, after one round that nobody counts."""
    recorded = ["-i", perf_data(data)]
    flat = ["--no-children", "-g", "none"]
    ways = {
        "riostat profile report": [RIOSTAT, "profile", "report", "run"],
        "perf script": ["perf", "script", *recorded],
        "perf script --no-inline": ["perf", "script", "--no-inline", *recorded],
        "perf report --stdio": ["perf", "report", "--stdio", *recorded],
        "perf report --no-children -g none": ["perf", "report", "--stdio", *flat, *recorded],
    }
    within = [sys.executable, __file__, "--inside", str(data / "runs" / "run")]
    times: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        found = {name: cpu_seconds(command, data) for name, command in ways.items()}
        cpu_seconds(within, data)
        found[FIRST], found[AGAIN] = map(float, (data / "stderr").read_text().split())
        if number:
            for name, value in found.items():
                times[name].append(value)
        print(f"round {number} of {rounds}", file=sys.stderr)
    return {name: statistics.median(values) for name, values in times.items()}


def common_seconds(data: Path) -> tuple[Run, float, float]:
    """Return the run, and when both tools had begun and the first ended, on CLOCK_MONOTONIC."""
    header = subprocess.run(
        ["perf", "report", "--header-only", "-i", perf_data(data)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    first, last = (
        float(re.findall(rf"time of {which} sample : ([0-9.]+)", header)[0])
        for which in ("first", "last")
    )
    run = Run.open(data / "runs" / "run")
    times = {event.name: event.time_ns / 1e9 for event in run.events()}
    return run, max(first, times["started"]), min(last, times["stopped"])


def shares_of_riostat(data: Path, run: Run, begin: float, end: float) -> dict[Key, float]:
    """Return per cent by module and symbol, of the samples of an interval."""
    started = run.started_ns / 1e9
    profile = Profile.load(
        run,
        Span(run.id, begin - started, end - started),
        symbols=Symbolizer(data / "cache" / "symbols"),
        kernels=data / "cache" / "kernels",
    )
    shares: dict[Key, float] = defaultdict(float)
    for row in build_report(profile, by=("module", "symbol"), top=None).rows:
        module, symbol = row.values
        shares[module, UNKNOWN if UNKNOWN in symbol else symbol] += 100 * row.share
    return shares


def shares_of_perf(data: Path, begin: float, end: float) -> dict[Key, float]:
    """Return the same by perf report; addresses without a symbol together."""
    options = ["--no-children", "-g", "none", "--percent-limit", "0", "-F", "period,dso,sym"]
    options += ["--time", f"{begin:.9f},{end:.9f}"]
    text = subprocess.run(
        ["perf", "report", "--stdio", "-i", perf_data(data), "-t", ";", *options],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    periods: dict[Key, float] = defaultdict(float)
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(";")]
        if len(fields) == 3 and fields[0].isdecimal():
            symbol = re.sub(r"^\[.\] ", "", fields[2])
            known = not re.fullmatch(r"0x[0-9a-f]{16}", symbol)
            periods[fields[1], symbol if known else UNKNOWN] += int(fields[0])
    total = sum(periods.values())
    return {key: 100 * value / total for key, value in periods.items()}


def show_shares(data: Path) -> None:
    """Print the largest shares of both and how far they are apart."""
    run, begin, end = common_seconds(data)
    ours = shares_of_riostat(data, run, begin, end)
    theirs = shares_of_perf(data, begin, end)
    print(f"shares of the same {end - begin:.2f} s, per cent, by riostat and perf report:")
    worst = 0.0
    for key in sorted(ours, key=lambda key: -ours[key])[:TOP]:
        difference = ours[key] - theirs.get(key, 0.0)
        worst = max(worst, abs(difference))
        print(f"  {ours[key]:6.2f} {theirs.get(key, 0.0):6.2f} {difference:+6.2f}  {' '.join(key)}")
    verdict = "met" if worst <= BAR_POINTS else "MISSED"
    print(f"  largest difference {worst:.2f} points, bar {BAR_POINTS:g}: {verdict}")


def show_times(times: dict[str, float]) -> None:
    """Print the CPU seconds and how they compare."""
    print("CPU seconds to read, medians:")
    for name, seconds in times.items():
        print(f"  {seconds:7.4f}  {name}")
    ours = (FIRST, AGAIN, "riostat profile report")
    for peer in ("perf script", "perf script --no-inline", "perf report --no-children -g none"):
        ratios = ", ".join(f"{times[peer] / times[name]:.2f}x {name}" for name in ours)
        print(f"  {peer}: {ratios}")
    faster = times["perf script --no-inline"] / times[FIRST]
    verdict = "met" if faster >= BAR_FASTER else "MISSED"
    print(
        f"  load, decode, symbolise and report, first of a loaded process: {faster:.1f}x faster "
        f"than perf script, bar {BAR_FASTER:g}x, aim {AIM_FASTER:g}x: {verdict}"
    )


def main() -> None:
    """Record, read, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--frequency", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside is not None:
        inside(given.inside)
        return
    for tool in ("perf", "gcc"):
        if shutil.which(tool) is None:
            sys.exit(f"The benchmark needs {tool}; install it.")
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        (data / "load.c").write_text(LOAD)
        load = str(data / "load")
        subprocess.run(["gcc", *COMPILE, "-o", load, str(data / "load.c")], check=True)
        loads = [subprocess.Popen([load]) for _ in range(os.cpu_count() or 1)]
        try:
            record(given.frequency, given.seconds, data)
        finally:
            for process in loads:
                process.kill()
                process.wait()
        show_shares(data)
        show_times(read(data, given.rounds))


if __name__ == "__main__":
    main()
