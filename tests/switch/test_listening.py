"""Sockets that others find by a path."""

import os
import socket
import stat
from pathlib import Path

import pytest

from riostat.core.errors import PortError
from riostat.switch.listening import Listener


def test_a_socket_is_its_owners_alone_and_removed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    before = os.umask(0)
    try:
        listener = Listener(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listener.close()
    assert not path.exists()


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        left.listen()
    listener = Listener(path)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        accepted = listener.accept()
        assert accepted is not None
        assert not accepted.getblocking()
        accepted.close()
    listener.close()


def test_a_live_socket_is_refused_and_left_alone(tmp_path: Path) -> None:
    first = Listener(tmp_path / "a.sock")
    with pytest.raises(PortError, match="another program listens on it"):
        Listener(first.path)
    question = first.accept()
    assert question is not None
    question.close()
    assert first.path.exists()
    first.close()


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_a_file_that_is_no_socket_is_refused(tmp_path: Path, make: object) -> None:
    path = tmp_path / "a"
    assert callable(make)
    make(path)
    with pytest.raises(PortError, match="no socket is there"):
        Listener(path)
    assert path.exists()


def test_what_took_its_place_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    first = Listener(path)
    path.rename(tmp_path / "old.sock")
    second = Listener(path)
    first.close()
    assert path.exists()
    second.close()
    assert not path.exists()


def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="No such file"):
        Listener(tmp_path / "none" / "a.sock")
    with pytest.raises(PortError, match="too long"):
        Listener(tmp_path / ("a" * 120))


def test_nobody_is_waiting(tmp_path: Path) -> None:
    listener = Listener(tmp_path / "a.sock")
    assert listener.accept() is None
    listener.close()
