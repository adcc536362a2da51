"""Memory of `riostat up` while somebody watches; `--seconds 3600` for the hour of the bar.

Starts `riostat up` at its own default rate with its live stream open, asks for the overview every
minute and, when `--analyse` is given, for the rolling run's page, and adds up the proportional
set size of all its processes every five seconds.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx2

BAR_BYTES = 150e6
TOKEN = "benchmark0123456789"
EVERY_S = 5
PAGE_EVERY_S = 60


def family(pid: int) -> list[int]:
    """Return the process and all that descend from it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [pid]
    for member in found:
        found += [child for child, parent in parents.items() if parent == member]
    return found


def pss_bytes(pid: int) -> int:
    """Return the proportional set size of a process, 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def watch(url: str) -> None:
    """Hold the live stream open, as the overview page in a browser does."""
    with httpx2.stream("GET", f"{url}/api/live", headers=HEADERS, timeout=None) as stream:
        for _ in stream.iter_lines():
            pass


HEADERS = {"Authorization": f"Bearer {TOKEN}"}


def measure(url: str, pid: int, *, seconds: float, analyse: bool) -> list[int]:
    """Return the sums of all processes, one for every five seconds."""
    threading.Thread(target=watch, args=(url,), daemon=True).start()
    sums, start, next_page_s = [], time.monotonic(), 0.0
    while (elapsed := time.monotonic() - start) < seconds:
        if elapsed >= next_page_s:
            next_page_s += PAGE_EVERY_S
            httpx2.get(f"{url}/", headers=HEADERS, timeout=30).raise_for_status()
            if analyse:
                runs = httpx2.get(f"{url}/api/runs", headers=HEADERS).json()["runs"]
                httpx2.get(f"{url}{runs[0]['href']}", headers=HEADERS, timeout=60)
        sums.append(sum(map(pss_bytes, family(pid))))
        time.sleep(EVERY_S)
    return sums


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--port", type=int, default=8191)
    parser.add_argument("--analyse", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        process = subprocess.Popen(
            [sys.executable, "-m", "riostat", "up", f"--data={data}", f"--port={given.port}"],
            env=os.environ | {"RIOSTAT_TOKEN": TOKEN},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        url = f"http://127.0.0.1:{given.port}"
        try:
            sums = measure(url, process.pid, seconds=given.seconds, analyse=given.analyse)
            recorded = sum(f.stat().st_size for f in Path(data).glob("runs/*/*"))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
    tenth = max(1, len(sums) // 10)
    verdict = "met" if max(sums) < BAR_BYTES else "MISSED"
    print(f"processes together, proportional set size over {given.seconds:.0f} s at 99 Hz:")
    print(f"  first tenth, median   {statistics.median(sums[:tenth]) / 1e6:8.1f} MB")
    print(f"  last tenth, median    {statistics.median(sums[-tenth:]) / 1e6:8.1f} MB")
    print(f"  largest               {max(sums) / 1e6:8.1f} MB   bar 150 MB: {verdict}")
    print(f"  recorded              {recorded / 1e6:8.1f} MB")


if __name__ == "__main__":
    main()
