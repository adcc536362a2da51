"""Ports that are taken in a sentence or not at all; the server itself is tested by its users."""

import socket

import pytest

from riostat.core.errors import ConsoleError
from riostat.core.httpserver import bound_socket


def test_any_free_port_is_taken_for_0() -> None:
    listener = bound_socket("127.0.0.1", 0, who="The test", failure=ConsoleError)
    with listener, socket.create_connection(listener.getsockname()):
        listener.accept()[0].close()


def test_a_busy_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConsoleError, match=rf"The test cannot listen on 127.0.0.1:{port} \(.*\.$"
        ):
            bound_socket("127.0.0.1", port, who="The test", failure=ConsoleError)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a" * 300])
def test_an_address_of_others_is_one_sentence(host: str) -> None:
    with pytest.raises(ConsoleError, match=r"The test cannot listen on .*--host.*\.$"):
        bound_socket(host, 0, who="The test", failure=ConsoleError)
