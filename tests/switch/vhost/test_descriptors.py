"""Descriptors that come over a socket, and what they turn out to be."""

import fcntl
import os
import socket
from pathlib import Path

import pytest

from riostat.core.errors import GuestError
from riostat.switch.vhost.descriptors import close_all, inspect, receive
from riostat.switch.vhost.memory import Attachment

SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW


def memory(seals: int = 0) -> int:
    descriptor = os.memfd_create("test", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, 8192)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    return descriptor


def test_memory_is_known_by_its_seals() -> None:
    open_, sealed = memory(), memory(SEALS)
    assert inspect(open_) == Attachment(open_, memory_bytes=8192, shrinkable=True)
    assert inspect(sealed) == Attachment(sealed, memory_bytes=8192, shrinkable=False)
    close_all([open_, sealed])


def test_memory_that_cannot_be_written_is_none() -> None:
    sealed = memory(fcntl.F_SEAL_WRITE)
    readable = os.open(f"/proc/self/fd/{sealed}", os.O_RDONLY)
    assert inspect(sealed) == Attachment(sealed)
    assert inspect(readable) == Attachment(readable)
    close_all([sealed, readable])


def test_an_eventfd_no_longer_blocks() -> None:
    descriptor = os.eventfd(0, os.EFD_CLOEXEC)
    assert inspect(descriptor) == Attachment(descriptor, eventfd=True)
    assert not os.get_blocking(descriptor)
    close_all([descriptor])


def test_a_pipe_and_a_device_are_nothing_of_use() -> None:
    pipe = [*os.pipe(), os.open(os.devnull, os.O_RDWR)]
    assert [inspect(descriptor) for descriptor in pipe] == [Attachment(fd) for fd in pipe]
    close_all(pipe)


def test_descriptors_come_with_their_bytes() -> None:
    ours, theirs = socket.socketpair()
    sent = memory()
    socket.send_fds(theirs, [b"abcd"], [sent] * 3)
    received: list[int] = []
    assert receive(ours, 2, received) == b"ab"
    assert len(received) == 3
    assert not any(os.get_inheritable(descriptor) for descriptor in received)
    assert receive(ours, 2, received) == b"cd"
    assert len(received) == 3
    with pytest.raises(BlockingIOError):
        receive(ours, 1, received)
    close_all([*received, *received, sent])
    ours.close()
    theirs.close()


@pytest.mark.parametrize("count", [9, 200])
def test_more_than_any_request_has_are_refused_and_not_lost(count: int) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    ours, theirs = socket.socketpair()
    sent = memory()
    socket.send_fds(theirs, [b"a"], [sent] * count)
    received: list[int] = []
    with pytest.raises(GuestError, match="more than 8 descriptors"):
        receive(ours, 1, received)
    close_all([*received, sent])
    ours.close()
    theirs.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
