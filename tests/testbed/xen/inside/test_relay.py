"""The relay between a port and a domain, with a terminal as the port and a socket as the domain."""

import os
import select
import socket
import subprocess
import sys
import tty
from collections.abc import Iterator
from contextlib import contextmanager

_SERVE = """
import sys
from riostat.testbed.xen.inside.relay import serve
serve(sys.argv[1], ("127.0.0.1", int(sys.argv[2])))
"""
_ANSWER_S = 20.0


@contextmanager
def _relay(number: int) -> Iterator[tuple[int, str]]:
    """Run a relay whose port is a terminal; gives the host's end, and the device's name."""
    host, device = os.openpty()
    tty.setraw(device)
    name = os.ttyname(device)
    with subprocess.Popen([sys.executable, "-c", _SERVE, name, str(number)]) as process:
        try:
            yield host, name
        finally:
            process.kill()
            os.close(host)
            os.close(device)


def _read(host: int, size: int) -> bytes:
    content = b""
    while len(content) < size:
        assert select.select([host], [], [], _ANSWER_S)[0], content
        content += os.read(host, size - len(content))
    return content


def _accept(listening: socket.socket) -> socket.socket:
    listening.settimeout(_ANSWER_S)
    domain, _ = listening.accept()
    domain.settimeout(_ANSWER_S)
    return domain


def test_both_sides_hear_all_that_the_other_says() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        _relay(listening.getsockname()[1]) as (host, _),
    ):
        os.write(host, b"hello")
        with _accept(listening) as domain:
            assert domain.recv(5, socket.MSG_WAITALL) == b"hello"
            long = bytes(range(256)) * 1024  # more than a terminal holds, so it goes in parts
            domain.settimeout(None)
            domain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            domain.sendall(long)
            assert _read(host, len(long)) == long
            os.write(host, b"and back")
            assert domain.recv(8, socket.MSG_WAITALL) == b"and back"


def test_a_domain_that_hung_up_is_called_again_when_the_host_speaks() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        _relay(listening.getsockname()[1]) as (host, _),
    ):
        os.write(host, b"1")
        with _accept(listening) as domain:
            assert domain.recv(1) == b"1"
        os.write(host, b"2")
        with _accept(listening) as domain:
            assert domain.recv(1) == b"2"


def test_a_domain_that_is_not_there_yet_hears_what_was_said_before() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.getsockname()[1]
    with _relay(number) as (host, _):
        os.write(host, b"early")
        with (
            socket.create_server(("127.0.0.1", number)) as listening,
            _accept(listening) as domain,
        ):
            assert domain.recv(5, socket.MSG_WAITALL) == b"early"
