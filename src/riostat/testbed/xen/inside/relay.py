"""Carry bytes between virtio ports of dom0 and the agents of domains, over TCP.

``relay.py FOLDER PORT=ADDRESS:NUMBER...`` looks the virtio ports up by name in FOLDER, as
``/sys/class/virtio-ports`` has them, and serves each in a process of its own until dom0 ends. A
domain is called when a host speaks first, and hung up on when the host has gone; until a domain
answers, what is said to it waits.

This file is copied into dom0 and run by the Python there: it imports the standard library alone.
"""

import fcntl
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main", "serve"]

_READ_BYTES = 64 << 10
_PAUSE_S = 0.1
_CALL_S = 2.0
_SILENCE_MS = 10_000


def serve(device: str, address: tuple[str, int]) -> None:
    """Serve one port without end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
    port = os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    # A port without a host is always ready, and empty: a signal says when one has come.
    fcntl.fcntl(port, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(port, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
    while True:
        first = _read(port)
        if first is None:
            select.select([port], [], [])
        elif first:
            domain = _call(address, port)
            if domain is not None:
                with domain:
                    _carry(port, domain.fileno(), first)
        else:
            signal.sigwait({signal.SIGIO})


def _call(address: tuple[str, int], port: int) -> socket.socket | None:
    """Return a connection, or None where the host has gone before the domain answered."""
    host = select.poll()
    host.register(port, 0)
    while True:
        try:
            domain = socket.create_connection(address, timeout=_CALL_S)
        except OSError:
            time.sleep(_PAUSE_S)  # the domain boots, or is not there
            if host.poll(0):
                return None
        else:
            # A domain that is paused or gone is hung up on, rather than waited for.
            domain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE_MS)
            domain.settimeout(0)
            return domain


def _carry(port: int, domain: int, first: bytes) -> None:
    """Carry until an end has gone; each end is read only when the other has taken all."""
    pending = {domain: first, port: b""}
    opposite = {domain: port, port: domain}
    while True:
        reading = [end for end in pending if not pending[opposite[end]]]
        writing = [end for end in pending if pending[end]]
        readable, writable, _ = select.select(reading, writing, [])
        for end in writable:
            pending[end] = pending[end][_write(end, pending[end]) :]
        for end in readable:
            content = _read(end)
            if content == b"" and end == port:
                # What a new host says may arrive before the word that it is there.
                time.sleep(_PAUSE_S)
                content = _read(end)
            if content == b"":
                return
            pending[opposite[end]] = content or b""


def _read(end: int) -> bytes | None:
    """Return what is there, None where nothing is yet, and nothing where the other end has gone."""
    try:
        return os.read(end, _READ_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _write(end: int, content: bytes) -> int:
    try:
        return os.write(end, content)
    except BlockingIOError:
        return 0
    except OSError:
        return len(content)  # nobody is there; reading will tell


def main(arguments: Sequence[str]) -> None:
    """Serve the ports that the arguments name."""
    folder, *places = arguments
    devices = {
        path.read_text().strip(): f"/dev/{path.parent.name}" for path in Path(folder).glob("*/name")
    }
    for place in places:
        port, _, address = place.partition("=")
        host, _, number = address.partition(":")
        if os.fork() == 0:
            serve(devices[port], (host, int(number)))


if __name__ == "__main__":
    main(sys.argv[1:])
