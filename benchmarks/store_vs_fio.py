"""Reads of blocks by the store beside ``fio`` with libaio on the same file.

Run it with ``python benchmarks/store_vs_fio.py``; ``--directory`` says where the disk lies. Both
read random blocks of 1 MiB past the page cache from one file, with as many requests under way as
the store has threads for a disk, in rounds one after the other. The store verifies what it reads
and keeps none of it; it reads 4 KiB more for each block, which do not count.
"""

import argparse
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from riostat.store.diskset import DISK_THREADS
from riostat.store.specification import DiskSpecification
from riostat.store.store import Store

if TYPE_CHECKING:
    from concurrent.futures import Future

BLOCK = 1 << 20
BLOCKS = 1024
BAR_OF_FIO = 0.95


def prepared(place: Path) -> None:
    """Make a store of one disk with one object of 1 GiB that does not compress."""
    disk = DiskSpecification(place / "disk", capacity_bytes=(BLOCKS + 32) * (BLOCK + 8192))
    piece = random.randbytes(BLOCK)
    with Store.create(place / "root", [disk], replication=0) as store:
        store.create_bucket("bench")
        with store.put("bench", "object") as upload:
            for _ in range(BLOCKS):
                upload.write(piece)
            upload.commit()


def store_round(place: Path, seconds: float) -> tuple[float, float]:
    """Return the bytes a second that the store reads, and the cores that it takes."""
    with Store.open(place / "root", cache_bytes=0) as store:
        version = store.stat("bench", "object")
        ahead: deque[Future[memoryview]] = deque()
        count, began, used = 0, time.monotonic(), cpu_s()
        while time.monotonic() - began < seconds:
            while len(ahead) < 2 * DISK_THREADS:
                index = random.randrange(version.blocks)
                ahead.append(store.submit_block(version, index, time.monotonic_ns()))
            ahead.popleft().result()
            count += 1
        took = time.monotonic() - began
        return count * BLOCK / took, (cpu_s() - used) / took


def fio_round(place: Path, seconds: float) -> tuple[float, float]:
    """Return the same of fio."""
    done = subprocess.run(
        [
            "fio", "--name=read", f"--filename={place / 'disk' / 'riostore.slots'}", "--direct=1",
            "--rw=randread", f"--bs={BLOCK}", "--ioengine=libaio", f"--iodepth={DISK_THREADS}",
            "--time_based", f"--runtime={seconds}", "--output-format=json",
        ],
        capture_output=True,
        check=True,
    )  # fmt: skip
    job = json.loads(done.stdout)["jobs"][0]
    return job["read"]["bw_bytes"], (job["usr_cpu"] + job["sys_cpu"]) / 100


def cpu_s() -> float:
    """Return the CPU seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, help="where the disk lies [a new one in TMPDIR]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    options = parser.parse_args()
    if shutil.which("fio") is None:
        sys.exit("fio is not installed")
    rounds = []
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        prepared(Path(name))
        for number in range(options.rounds):
            fio = fio_round(Path(name), options.seconds)
            store = store_round(Path(name), options.seconds)
            rounds.append((fio, store))
            print(
                f"round {number + 1}: fio {fio[0] / 1e6:6.0f} MB/s with {fio[1]:.2f} cores, "
                f"store {store[0] / 1e6:6.0f} MB/s with {store[1]:.2f} cores, "
                f"ratio {store[0] / fio[0]:.2f}"
            )
    ratio = statistics.median(store[0] / fio[0] for fio, store in rounds)
    print(f"median ratio {ratio:.3f}, the bar is {BAR_OF_FIO}")


if __name__ == "__main__":
    main()
