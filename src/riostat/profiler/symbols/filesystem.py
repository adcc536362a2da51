"""Files as a process sees them, which may lie in a container with a root of its own."""

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from riostat.profiler.symbols.elf import Reader

__all__ = ["HOST", "FileView", "OpenFile"]

# A named pipe must not block its reader, and a terminal must not become ours.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_OPENAT2 = 437  # the same number on every architecture
_RESOLVE_NO_MAGICLINKS, _RESOLVE_IN_ROOT = 0x02, 0x10
_OFFSET_MAX = (1 << 63) - 1

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A regular file that is open for reading."""

    descriptor: int
    status: os.stat_result

    @property
    def reader(self) -> Reader:
        """What reads it; nothing where it has no such offset."""

        def read(offset: int, length: int) -> bytes:
            if offset + length > _OFFSET_MAX:
                return b""
            return os.pread(
                self.descriptor, min(length, max(self.status.st_size - offset, 0)), offset
            )

        return read


@dataclass(frozen=True, slots=True)
class FileView:
    """The file system of a process (`pid`), or our own (None). `identity` tells views apart."""

    pid: int | None = None
    identity: int = 0

    @classmethod
    def of_process(cls, pid: int) -> Self | None:
        """Return what a process sees where that differs from what we see, else None.

        None too when the process has ended or belongs to another user.
        """
        with suppress(OSError):
            process, ourselves = Path(f"/proc/{pid}"), Path("/proc/self")
            root, own = (process / "root").stat(), (ourselves / "root").stat()
            namespace, ours = (process / "ns/mnt").stat(), (ourselves / "ns/mnt").stat()
            if namespace.st_ino != ours.st_ino or not os.path.samestat(root, own):
                return cls(pid, namespace.st_ino << 64 | root.st_ino)
        return None

    @contextmanager
    def open(self, path: str) -> Iterator[OpenFile]:
        """Open a regular file by its absolute path; raises `OSError` for anything else."""
        try:
            encoded = os.fsencode(path)
        except UnicodeEncodeError:
            encoded = b""
        if not encoded.startswith(b"/") or b"\0" in encoded:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if self.pid is None:
            descriptor = os.open(encoded, _FLAGS)
        else:
            descriptor = _open_in_root(self.pid, encoded)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise FileNotFoundError(errno.ENOENT, "not a regular file", path)
            yield OpenFile(descriptor, status)
        finally:
            os.close(descriptor)


HOST = FileView()


class _OpenHow(ctypes.Structure):
    """struct open_how of ``linux/openat2.h``."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def _open_in_root(pid: int, path: bytes) -> int:
    """Open a path so that no link of the container leads out of it (Linux 5.6)."""
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        how = _OpenHow(_FLAGS, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
        size = ctypes.sizeof(how)
        arguments = (ctypes.c_int(root), path, ctypes.byref(how), ctypes.c_size_t(size))
        descriptor = _libc.syscall(ctypes.c_long(_OPENAT2), *arguments)
        if descriptor < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), path)
        return int(descriptor)
    finally:
        os.close(root)
