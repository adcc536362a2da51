"""Disks of unequal speed on one machine: files behind loop devices, whose cgroup bounds them.

What a program inside the cgroup reads and writes past the page cache (O_DIRECT) is bounded, disk
by disk, and so is what it reads through the page cache and was not in it. What it writes through
the page cache is bounded by version 2 of cgroups and not by version 1, where the kernel writes it
later, on its own account. A bound holds over some tenths of a second, not from one request to the
next: a bounded disk has the bandwidth of a slow one and not its seek times.
"""

import math
import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from riostat.core.closing import Closing
from riostat.core.errors import MissingToolError, TestbedError
from riostat.testbed.cgroups import ThrottledGroup
from riostat.testbed.folders import BACKING_FILE, new_machine_folder
from riostat.testbed.leftovers import sweep
from riostat.testbed.loops import LoopDevice
from riostat.testbed.marks import new_mark
from riostat.testbed.mounts import mount, unmount
from riostat.testbed.ownership import Owner
from riostat.testbed.running import run_program

__all__ = ["BACKING_FOLDER", "DISK_BYTES_MIN", "UnequalDisks"]

BACKING_FOLDER: Final = Path("/var/tmp")  # noqa: S108 - where hier(7) has large files that may go
DISK_BYTES_MIN: Final = 4 << 20

# Without a journal and without tables to be filled later, which would be the kernel's own writes.
_MAKE_OPTIONS: Final = (
    *("-q", "-F", "-b", "4096", "-m", "0", "-i", "1048576"),
    *("-O", "^has_journal", "-E", "lazy_itable_init=0,nodiscard"),
)
_MAKE_S: Final = 60.0


class UnequalDisks(Closing):
    """Disks in the order of the speeds that they are given, empty, until the context is left.

    `paths` are folders, `disk1` and so on in `folder`, each with an ext4 file system of its own,
    fit for a disk of the store; `devices` are the block devices below. Programs are bounded that
    are run by `command`, `run` or `start`. `direct` tells whether the files behind it are reached
    past the page cache. Raises `TestbedError`, and `MissingToolError` without root, loop devices,
    cgroups or mkfs.ext4.
    """

    def __init__(
        self,
        megabytes_per_s: Sequence[float],
        *,
        size_bytes: int = 1 << 30,
        folder: Path = BACKING_FOLDER,
    ) -> None:
        """Make them; `folder` is for the files, which take the room of what is written to them."""
        _check(megabytes_per_s, size_bytes)
        make = _make_program()
        sweep()
        self.megabytes_per_s = tuple(megabytes_per_s)
        self.paths: tuple[Path, ...] = ()
        self.devices: tuple[Path, ...] = ()
        self.direct = True
        with ExitStack() as stack:
            self.folder = new_machine_folder("disks", Owner.of(os.getpid()))
            stack.callback(shutil.rmtree, self.folder)
            backing = _backing_folder(folder, self.folder)
            stack.callback(shutil.rmtree, backing)
            self._group = stack.enter_context(ThrottledGroup())
            for number, speed in enumerate(megabytes_per_s, 1):
                file = _formatted(backing / f"disk{number}", size_bytes, make)
                self._add(stack, file, self.folder / file.name, round(speed * 1e6))
            # What runs on the disks ends before they go.
            stack.callback(self._group.end_processes)
            self._stack = stack.pop_all()

    @property
    def entrance(self) -> Path:
        """The file that bounds a process, and what it starts then, when its id is written there."""
        return self._group.entrance

    def command(self, *command: str) -> list[str]:
        """Return the command line that runs a program bounded; its process id is the program's."""
        return self._group.command(*command)

    def run(self, *command: str, timeout_s: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Run a program bounded until it ends, and return what it said.

        Raises `subprocess.TimeoutExpired` after it has been killed.
        """
        return run_program(self.command(*command), timeout_s)

    def start(self, *command: str, **options: Any) -> "subprocess.Popen[Any]":
        """Start a program bounded; the options are those of `subprocess.Popen`."""
        return subprocess.Popen(self.command(*command), **options)

    def close(self) -> None:
        """Kill what runs bounded, and remove the disks with what is on them."""
        self._stack.close()

    def _add(self, stack: ExitStack, file: Path, folder: Path, bytes_per_s: int) -> None:
        device = stack.enter_context(LoopDevice(file))
        self.direct = self.direct and device.direct
        self._group.bound(device.number, bytes_per_s)
        folder.mkdir(mode=0o700)
        try:
            mount(device.path, folder, "ext4")
        except OSError as error:
            raise TestbedError(
                f"The device {device.path} cannot be mounted ({error.strerror}); "
                "load the kernel module ext4, and in a container allow mount(2)."
            ) from error
        stack.callback(unmount, folder)
        self.devices += (device.path,)
        self.paths += (folder,)


def _check(megabytes_per_s: Sequence[float], size_bytes: int) -> None:
    if not megabytes_per_s:
        raise TestbedError("No disk has a speed; give one for each, as in 10,10,80.")
    for speed in megabytes_per_s:
        if not (math.isfinite(speed) and 0.1 <= speed <= 100_000):
            raise TestbedError(
                f"A disk cannot have {speed} MB/s; give a speed from 0.1 to 100000 MB/s."
            )
    if size_bytes < DISK_BYTES_MIN:
        raise TestbedError(
            f"A disk cannot have {size_bytes} bytes; give it {DISK_BYTES_MIN} at least."
        )


def _make_program() -> str:
    # It stands where ordinary users do not look.
    program = shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise MissingToolError(
            "The program mkfs.ext4, which makes file systems, is missing; "
            "install the package e2fsprogs."
        )
    return program


def _backing_folder(folder: Path, here: Path) -> Path:
    path = folder.absolute() / new_mark()
    (here / BACKING_FILE).write_text(str(path))
    try:
        path.mkdir(mode=0o700)
    except OSError as error:
        raise TestbedError(
            f"The folder {folder} cannot hold the disks ({error.strerror}); choose another."
        ) from error
    return path


def _formatted(file: Path, size_bytes: int, make: str) -> Path:
    with file.open("xb") as opened:
        opened.truncate(size_bytes)
    done = run_program([make, *_MAKE_OPTIONS, str(file)], _MAKE_S)
    if done.returncode:
        raise TestbedError(
            f"The disk {file} gets no file system; {make} says: {done.stderr.strip()[-500:]}"
        )
    return file
