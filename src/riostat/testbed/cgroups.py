"""A cgroup that bounds the bytes a second of block devices, in either version of cgroups.

Version 1 has ``blkio.throttle.read_bps_device`` and ``blkio.throttle.write_bps_device``, version 2
has ``io.max``. Source: Linux, Documentation/admin-guide/cgroup-v1/blkio-controller.rst and
cgroup-v2.rst.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from riostat.core.errors import MissingToolError, TestbedError
from riostat.testbed.marks import new_mark, owner_of
from riostat.testbed.mounts import mounts
from riostat.testbed.ownership import Owner
from riostat.testbed.processes import kill_processes

__all__ = ["ThrottledGroup", "marked_groups", "remove_group", "throttling_root"]

_ENTER: Final = 'echo $$ > "$0" && exec "$@"'
_PREFIX: Final = "riostat-"
_PROCESSES: Final = "cgroup.procs"
_ROUNDS: Final = 16


class ThrottledGroup:
    """A cgroup of this process's; what runs in it is bounded.

    When its context is left, what still runs in it is killed. Raises `TestbedError`, and
    `MissingToolError` where no cgroup can bound I/O, or without root.
    """

    def __init__(self) -> None:
        root, self.version = throttling_root()
        self.path = root / new_mark()
        try:
            if self.version == 2:
                (root / "cgroup.subtree_control").write_text("+io")
            self.path.mkdir()
        except OSError as error:
            raise MissingToolError(
                f"The cgroup {self.path} cannot be made ({error.strerror}); run it as root, "
                "and in a container with cgroups that it may write."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        remove_group(self.path)

    @property
    def entrance(self) -> Path:
        """The file that takes a process in when its id is written there."""
        return self.path / _PROCESSES

    def bound(self, device: str, bytes_per_s: int) -> None:
        """Bound what is read of, and what is written to, a device ``MAJOR:MINOR``."""
        try:
            if self.version == 2:
                limits = f"{device} rbps={bytes_per_s} wbps={bytes_per_s}"
                (self.path / "io.max").write_text(limits)
                return
            for direction in ("read", "write"):
                file = self.path / f"blkio.throttle.{direction}_bps_device"
                file.write_text(f"{device} {bytes_per_s}")
        except OSError as error:
            raise TestbedError(
                f"The device {device} cannot be bounded to {bytes_per_s} bytes a second "
                f"({error.strerror}); see that it is there."
            ) from error

    def end_processes(self) -> None:
        """Kill what runs inside; the bounds stay."""
        kill_processes(lambda: _processes(self.path))

    def command(self, *command: str) -> list[str]:
        """Return the command line that runs a program inside; its process id is the program's."""
        return ["sh", "-c", _ENTER, str(self.entrance), *command]


def marked_groups() -> Iterator[Path]:
    """Yield the cgroups that bear a mark of the testbed, wherever their owners are."""
    for root, _ in _roots():
        yield from (path for path in root.glob(f"{_PREFIX}*") if owner_of(path.name))


def remove_group(path: Path) -> None:
    """Kill what runs in a cgroup and remove it; one that is gone is no error. Raises `OSError`."""
    for _ in range(_ROUNDS):
        with suppress(FileNotFoundError):
            kill_processes(lambda: _processes(path))
            try:
                path.rmdir()
            except OSError as error:
                # Somebody who was started before has entered since.
                if error.errno != errno.EBUSY:
                    raise
                continue
        return
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(path))


def _processes(path: Path) -> Iterator[Owner]:
    for line in (path / _PROCESSES).read_text().split():
        with suppress(ProcessLookupError):
            yield Owner.of(int(line))


def _roots() -> Iterator[tuple[Path, int]]:
    """Yield where each version of cgroups that can bound I/O is mounted."""
    for found in mounts():
        if found.kind == "cgroup" and "blkio" in found.options:
            yield found.folder, 1
        elif found.kind == "cgroup2" and "io" in _controllers(found.folder):
            yield found.folder, 2


def _controllers(folder: Path) -> list[str]:
    try:
        return (folder / "cgroup.controllers").read_text().split()
    except OSError:
        return []


def throttling_root() -> tuple[Path, int]:
    """Return the cgroup in which those that bound I/O are made, and its version, 1 or 2.

    Raises `MissingToolError` where there is none.
    """
    for root, version in _roots():
        if version == 2 or (root / "blkio.throttle.read_bps_device").exists():
            return root, version
    raise MissingToolError(
        "No cgroup here bounds the I/O of devices; mount the controller blkio of version 1, as by "
        "`mount -t cgroup -o blkio none /sys/fs/cgroup/blkio`, or version 2 with the controller io."
    )
