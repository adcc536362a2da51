"""CPU time of recording beside ``perf record``.

Run it with ``python benchmarks/recorder_vs_perf.py``. All recorders sample cpu-clock with
callchains on every CPU, at the same frequency and for as long, one after another under the same
load, round by round. What is compared is the CPU time of the whole process, from its start to its
end (wait4).
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

LOAD = r"""
#include <stdlib.h>
#include <time.h>
static volatile unsigned long sink;
__attribute__((noinline)) unsigned long leaf(unsigned long x) {
  for (int i = 0; i < 200; i++) x = x * 6364136223846793005UL + 1442695040888963407UL;
  return x;
}
__attribute__((noinline)) unsigned long deeper(unsigned long x, int depth) {
  return depth ? deeper(leaf(x), depth - 1) + 1 : leaf(x);
}
int main(int argc, char **argv) {
  (void)argc;
  for (;;) sink += deeper((unsigned long)argv, 10);
}
"""
COMPILE = ["-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"]
BAR_OF_PERF = 0.5
AIM_OF_PERF = 0.25
BAR_STEADY_US = 0.3


@dataclass(frozen=True)
class Round:
    """One recording: CPU seconds of its process, samples and lost records."""

    cpu_s: float
    samples: int
    lost: int
    steady_us: float = 0.0


def measured(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Run a command and return its CPU seconds and what it wrote."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{text}")
    return usage.ru_utime + usage.ru_stime, text


def record_riostat(frequency: int, seconds: float, data: Path) -> Round:
    """Record once by riostat and count what it recorded."""
    shutil.rmtree(data / "runs", ignore_errors=True)
    riostat = str(Path(sys.executable).with_name("riostat"))
    options = ["-e", "cpu-clock", "-F", str(frequency), "-d", str(seconds), "-o", "round"]
    environment = os.environ | {"RIOSTAT_DATA": str(data), "PYTHONPYCACHEPREFIX": str(data)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    cpu_s, _ = measured([riostat, "profile", "record", *options], environment)
    count = subprocess.run(
        [sys.executable, __file__, "--count", str(data / "runs" / "round")],
        check=True,
        capture_output=True,
        text=True,
    )
    samples, lost, steady_s = json.loads(count.stdout)
    return Round(cpu_s, samples, lost, steady_s * 1e6 / samples)


def record_perf(frequency: int, seconds: float, data: Path, *options: str) -> Round:
    """Record once by perf and count what it recorded."""
    recorded = data / "perf.data"
    what = ["-a", "-g", "-e", "cpu-clock", "-F", str(frequency), "-o", str(recorded)]
    command = ["perf", "record", *options, *what, "--", "sleep", str(seconds)]
    cpu_s, _ = measured(command, dict(os.environ))
    report = subprocess.run(
        ["perf", "report", "-i", str(recorded), "--stats", "--stdio"],
        check=True,
        capture_output=True,
        text=True,
    )
    return Round(cpu_s, _stat("SAMPLE", report.stdout), _stat("LOST_SAMPLES", report.stdout))


def _stat(name: str, text: str) -> int:
    found = re.search(rf"\b{name} events:\s+(\d+)", text)
    return int(found[1]) if found else 0


def count_run(path: Path) -> None:
    """Print samples, lost records and steady CPU seconds of a run, as JSON."""
    from riostat.core.frames import FrameKind
    from riostat.core.run import Run

    run = Run.open(path)
    samples = 0
    for frame in run.frames(kinds={FrameKind.SAMPLES}, channel="profile"):
        offset = 8
        while offset < len(frame.payload):
            samples += int.from_bytes(frame.payload[offset : offset + 4], "little") == 9
            offset += int.from_bytes(frame.payload[offset + 6 : offset + 8], "little")
    stopped = next(event for event in run.events() if event.name == "stopped")
    fields = stopped.fields
    print(json.dumps([samples, fields["lost"], fields["steady_cpu_seconds"]]))


def main() -> None:
    """Measure and print medians, ratios and whether the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frequency", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--count", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.count is not None:
        count_run(given.count)
        return
    for tool in ("perf", "gcc"):
        if shutil.which(tool) is None:
            sys.exit(f"The benchmark needs {tool}; install it.")
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        (data / "load.c").write_text(LOAD)
        subprocess.run(
            ["gcc", *COMPILE, "-o", str(data / "load"), str(data / "load.c")],
            check=True,
        )
        loads = [subprocess.Popen([str(data / "load")]) for _ in range(2)]
        try:
            rounds = measure(given.rounds, given.frequency, given.seconds, data)
        finally:
            for load in loads:
                load.kill()
                load.wait()
    show(rounds, given.frequency, given.seconds)


def measure(count: int, frequency: int, seconds: float, data: Path) -> dict[str, list[Round]]:
    """Record by each recorder in turn, `count` times, after one round that nobody counts."""
    rounds: dict[str, list[Round]] = {"riostat": [], "perf record": [], "perf record -B -N": []}
    record_riostat(frequency, 0.2, data)  # copies the kernel's symbols, and compiles modules
    record_perf(frequency, 0.2, data)
    for number in range(count):
        rounds["riostat"].append(record_riostat(frequency, seconds, data))
        rounds["perf record"].append(record_perf(frequency, seconds, data))
        rounds["perf record -B -N"].append(record_perf(frequency, seconds, data, "-B", "-N"))
        print(f"round {number + 1} of {count}", file=sys.stderr)
    return rounds


def show(rounds: dict[str, list[Round]], frequency: int, seconds: float) -> None:
    """Print the medians and the bars."""
    print(f"{seconds:g} s at {frequency} Hz on {os.cpu_count()} CPUs, medians:")
    medians = {}
    for name, results in rounds.items():
        medians[name] = statistics.median(result.cpu_s for result in results)
        samples = statistics.median(result.samples for result in results)
        lost = sum(result.lost for result in results)
        spread = " ".join(f"{result.cpu_s:.3f}" for result in sorted(results, key=_cpu))
        print(
            f"  {name:18} {medians[name]:.3f} CPU s ({spread}), {samples:.0f} samples, {lost} lost"
        )
    ours = rounds["riostat"]
    for peer in ("perf record", "perf record -B -N"):
        ratio = medians["riostat"] / medians[peer]
        judge(f"riostat / {peer}", ratio, BAR_OF_PERF, f"x (aim {AIM_OF_PERF}x)")
    steady_us = statistics.median(result.steady_us for result in ours)
    judge("steady CPU a sample", steady_us, BAR_STEADY_US, " us")
    judge("lost by riostat", float(sum(result.lost for result in ours)), 0.0, " records")


def _cpu(result: Round) -> float:
    return result.cpu_s


def judge(what: str, value: float, bar: float, unit: str) -> None:
    """Print one comparison with its bar."""
    print(f"  {what}: {value:.3f}{unit}, bar {bar:g}: {'met' if value <= bar else 'MISSED'}")


if __name__ == "__main__":
    main()
