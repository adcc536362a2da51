"""Descriptors that come over a socket: taking them in, and asking the kernel what they are."""

import array
import fcntl
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from riostat.core.errors import GuestError
from riostat.switch.ports import REGIONS_MAX
from riostat.switch.vhost.memory import Attachment

__all__ = ["close_all", "inspect", "receive"]

_DESCRIPTORS_MAX: Final = REGIONS_MAX
_F_SEAL_SHRINK: Final = 0x2
_F_SEALS_AGAINST_WRITING: Final = 0x8 | 0x10


def receive(connection: socket.socket, size: int, descriptors: list[int]) -> bytes:
    """Read up to `size` bytes without waiting; what came along is appended to `descriptors`.

    Raises `GuestError` for more descriptors than any request has, and `OSError` as recvmsg does.
    """
    data, ancillary, flags, _ = connection.recvmsg(
        size,
        socket.CMSG_SPACE(_DESCRIPTORS_MAX * 4),
        socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT,
    )
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            received = array.array("i")
            received.frombytes(content[: len(content) - len(content) % received.itemsize])
            descriptors.extend(received)
    if flags & socket.MSG_CTRUNC or len(descriptors) > _DESCRIPTORS_MAX:
        raise GuestError(
            f"A message brings more than {_DESCRIPTORS_MAX} descriptors; no request has so many."
        )
    return data


def inspect(descriptor: int) -> Attachment:
    """Return what the kernel says of a descriptor.

    Only memory has seals (memfd_create(2)): a file of a disk or of FUSE, on which a page fault
    can wait for ever, has none and is not taken for memory. An eventfd is made non-blocking.
    """
    if str(Path(f"/proc/self/fd/{descriptor}").readlink()) == "anon_inode:[eventfd]":
        os.set_blocking(descriptor, False)
        return Attachment(descriptor, eventfd=True)
    try:
        seals = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
    except OSError:
        return Attachment(descriptor)
    writable = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
    if not writable or seals & _F_SEALS_AGAINST_WRITING:
        return Attachment(descriptor)
    return Attachment(
        descriptor,
        memory_bytes=os.fstat(descriptor).st_size,
        shrinkable=not seals & _F_SEAL_SHRINK,
    )


def close_all(descriptors: Iterable[int]) -> None:
    """Close descriptors, each once."""
    for descriptor in set(descriptors):
        os.close(descriptor)
