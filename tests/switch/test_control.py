"""The control socket, with clients of every kind."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from riostat.core.errors import PortError, SwitchError
from riostat.switch.configuration import PortConfiguration
from riostat.switch.control import (
    Answer,
    Attach,
    ControlServer,
    Detach,
    Done,
    GetStatus,
    Refused,
    Request,
    SetPolicy,
    ask,
    read_status,
)
from riostat.switch.ports import Policy
from riostat.switch.status import SwitchStatus

STATUS = SwitchStatus(1, 0, "run", "shared", (), ())


class Serving:
    """A control server in a thread of its own; `heard` are the requests that it was given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[Request] = []
        self._selector = selectors.DefaultSelector()
        self._ours, self._theirs = socket.socketpair()
        self._selector.register(self._theirs, selectors.EVENT_READ)
        self._server = ControlServer(path, self._selector, self._handle)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _handle(self, request: Request) -> Answer:
        self.heard.append(request)
        if isinstance(request, Detach):
            raise PortError("There is no such port.")
        return STATUS if isinstance(request, GetStatus) else Done()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._theirs:
                    return
                if self._selector.get_map().get(key.fd) is key:
                    key.data()

    def close(self) -> None:
        self._ours.close()
        self._thread.join()
        self._server.close()
        self._theirs.close()
        self._selector.close()


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path / "control.sock")
    yield serving
    serving.close()
    assert not serving.path.exists()


def raw(path: Path, data: bytes) -> bytes:
    """What the server says to these bytes until it ends the connection."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        answer = b""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while data := client.recv(65536):
                answer += data
        return answer


def test_each_request_arrives_and_is_answered(serving: Serving) -> None:
    port = PortConfiguration(name="a", tap="b", policy=Policy.COPY)
    requests: list[Request] = [Attach(port), SetPolicy("a", Policy.MAP), GetStatus(), Detach("x")]
    answers = [ask(serving.path, request) for request in requests]
    assert answers == [Done(), Done(), STATUS, Refused("There is no such port.")]
    assert serving.heard == requests
    assert read_status(serving.path) == STATUS


def test_no_switch_is_none(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    assert read_status(path) is None
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert read_status(path) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"{}\n",
        b'{"type":"launch"}\n',
        b'{"type":"detach"}\n',
        b'{"type":"detach","name":1}\n',
        b'{"type":"detach","name":"a","more":1}\n',
        b'{"type":"attach","port":{"name":"a","tap":"b","queues":900}}\n',
        b"\xff\n",
        b"[" * 5000 + b"\n",
        b"a" * 20_000,
    ],
)
def test_nonsense_is_refused_and_the_next_client_served(serving: Serving, data: bytes) -> None:
    answer = raw(serving.path, data)
    if answer:  # more than is read may end the connection before the answer is taken
        assert isinstance(msgspec.json.decode(answer, type=Answer), Refused)
    assert serving.heard == []
    assert read_status(serving.path) == STATUS


@pytest.mark.parametrize("data", [b"", b'{"type":"status"}'])
def test_a_request_without_an_end_is_no_request(serving: Serving, data: bytes) -> None:
    assert raw(serving.path, data) == b""
    assert serving.heard == []


def test_clients_that_say_nothing_do_not_keep_others_out(serving: Serving) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            silent = stack.enter_context(socket.socket(socket.AF_UNIX))
            silent.connect(str(serving.path))
        assert read_status(serving.path) == STATUS


@pytest.mark.parametrize("said", [b"", b"{", b'{"type":"done"}'])
def test_what_is_no_switch_gives_no_answer(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(SwitchError, match=r"gives no answer|does not say how it stands"):
            read_status(path)
        thread.join()
