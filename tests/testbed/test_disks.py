"""Unequal disks: as fast as they are said to be beside one another, and gone afterwards."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.core.errors import MissingToolError, TestbedError
from riostat.testbed.disks import UnequalDisks
from riostat.testbed.ownership import Owner
from tests.testbed.belongings import belongings
from tests.testbed.rights import needs_disks, without_root

pytestmark = [pytest.mark.root, needs_disks]

# Reads and writes past the page cache on both disks at once for as long as the slow one needs for
# a fixed number of blocks; prints how many blocks each disk did.
RACE = """
import json, mmap, os, sys, threading
BLOCK, SLOW_BLOCKS = 1 << 18, 24
write, paths = sys.argv[1] == "write", sys.argv[2:]
done, stop = [0] * len(paths), threading.Event()
def work(number, path):
    buffer = mmap.mmap(-1, BLOCK)
    descriptor = os.open(path + "/file", os.O_RDWR | os.O_DIRECT)
    while not stop.is_set():
        at = done[number] % 32 * BLOCK
        moved = (os.pwritev if write else os.preadv)(descriptor, [buffer], at)
        assert moved == BLOCK
        done[number] += 1
        if number == 0 and done[0] == SLOW_BLOCKS:
            stop.set()
threads = [threading.Thread(target=work, args=each) for each in enumerate(paths)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(done))
"""


@pytest.fixture(scope="module")
def disks() -> Iterator[UnequalDisks]:
    with UnequalDisks([5, 50], size_bytes=64 << 20) as made:
        for path in made.paths:
            (path / "file").write_bytes(bytes(32 << 18))
        os.sync()
        yield made


@pytest.mark.parametrize("way", ["read", "write"])
def test_a_faster_disk_does_more_in_the_same_time(disks: UnequalDisks, way: str) -> None:
    ran = disks.run(sys.executable, "-c", RACE, way, *map(str, disks.paths))
    assert ran.returncode == 0, ran.stderr
    slow, fast = json.loads(ran.stdout)
    assert fast >= 3 * slow  # ten times as fast, on a machine that may be busy
    assert slow == 24


def test_outside_nothing_is_bounded(disks: UnequalDisks) -> None:
    """Both get on as the machine lets them: the slow one is not ten times behind."""
    ran = subprocess.run(
        [sys.executable, "-c", RACE, "read", *map(str, disks.paths)],
        capture_output=True,
        text=True,
        check=True,
    )
    slow, fast = json.loads(ran.stdout)
    assert fast < 5 * slow


def test_each_disk_is_a_file_system_of_its_own(disks: UnequalDisks) -> None:
    assert len({path.stat().st_dev for path in disks.paths}) == 2
    assert all(device.is_block_device() for device in disks.devices)
    assert disks.megabytes_per_s == (5, 50)
    for path in disks.paths:
        assert os.statvfs(path).f_bavail * 4096 > 50 << 20


def test_nothing_stays() -> None:
    here = Owner.of(os.getpid())
    before = belongings(here.__eq__)
    with UnequalDisks([20, 40], size_bytes=8 << 20) as disks:
        assert len(belongings(here.__eq__) - before) >= 7
        with disks.start("sleep", "600", cwd=disks.paths[0]) as program:
            disks.close()
            assert program.wait()
        disks.close()
    assert belongings(here.__eq__) == before


@pytest.mark.parametrize(
    ("speeds", "words"),
    [
        ([], "No disk has a speed"),
        ([0.0], r"cannot have 0\.0 MB/s"),
        ([10.0, float("nan")], "cannot have nan MB/s"),
        ([float("inf")], "cannot have inf MB/s"),
        ([-1.0], r"cannot have -1\.0 MB/s"),
    ],
)
def test_speeds_that_cannot_be_are_refused(speeds: list[float], words: str) -> None:
    with pytest.raises(TestbedError, match=words):
        UnequalDisks(speeds)


def test_a_disk_without_room_is_refused() -> None:
    with pytest.raises(TestbedError, match="A disk cannot have 1000 bytes; give it 4194304"):
        UnequalDisks([10], size_bytes=1000)


def test_a_folder_that_cannot_hold_them_leaves_nothing(tmp_path: Path) -> None:
    here = Owner.of(os.getpid())
    before = belongings(here.__eq__)
    with pytest.raises(TestbedError, match=r"cannot hold the disks \(No such file.*\); choose"):
        UnequalDisks([10], folder=tmp_path / "nothing")
    assert belongings(here.__eq__) == before


def test_without_the_program_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(MissingToolError, match=r"mkfs\.ext4.*; install the package e2fsprogs"):
        UnequalDisks([10])


def test_without_root_one_sentence_says_so() -> None:
    said = without_root("from riostat.testbed.disks import UnequalDisks; UnequalDisks([10])")
    assert said.startswith("MissingToolError: The cgroup ")
