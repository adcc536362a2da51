import base64
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from riostat.testbed.guest import agent
from riostat.testbed.ownership import Owner

AGENT = Path(agent.__file__)


class Host:
    """The host's side of a conversation, in the plainest way."""

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        self._reader = os.fdopen(os.dup(descriptor), "rb")

    def say(self, **message: object) -> None:
        line = memoryview(json.dumps(message).encode() + b"\n")
        while line:
            line = line[self._file.write(line) :]

    def hear(self) -> dict[str, Any]:
        while not (line := self._reader.readline()).strip():
            assert line, "the agent has gone"
        message: dict[str, Any] = json.loads(line)
        return message

    def hello(self, nonce: str = "first") -> dict[str, Any]:
        self.say(hello=nonce)
        while (message := self.hear()).get("hello") != nonce:
            pass
        return message

    def begin(
        self, number: int, text: str, *, data: bytes = b"", timeout_s: float = 20, limit: int = 999
    ) -> None:
        encoded = base64.b64encode(text.encode()).decode()
        self.say(id=number, run=encoded, timeout_ms=int(timeout_s * 1000), limit=limit)
        if data:
            self.say(id=number, data=base64.b64encode(data).decode())
        self.say(id=number, end=1)

    def result(self, number: int) -> tuple[dict[str, Any], bytes, bytes]:
        parts = {"out": b"", "err": b""}
        while True:
            message = self.hear()
            assert message["id"] == number
            if "exit" in message or "error" in message:
                return message, parts["out"], parts["err"]
            for name in parts.keys() & message.keys():
                parts[name] += base64.b64decode(message[name])

    def run(self, number: int, text: str, **options: Any) -> tuple[dict[str, Any], bytes, bytes]:
        self.begin(number, text, **options)
        return self.result(number)

    def close(self) -> None:
        self._file.close()
        self._reader.close()


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    agents = []

    def start_agent(*places: str) -> subprocess.Popen[bytes]:
        agents.append(subprocess.Popen([sys.executable, "-I", "-S", str(AGENT), *places]))
        return agents[-1]

    yield start_agent
    for process in agents:
        process.kill()
        process.wait()


@pytest.fixture
def terminal(start: Callable[..., subprocess.Popen[bytes]]) -> Iterator[Host]:
    """A host at the other end of a terminal that the agent serves."""
    controller, device = pty.openpty()
    tty.setraw(device)
    start(os.ttyname(device))
    host = Host(controller)
    host.hello()
    yield host
    host.close()
    os.close(device)


def connect(port: int) -> Host:
    while True:
        with suppress(ConnectionRefusedError):
            return Host(socket.create_connection(("127.0.0.1", port)).detach())


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number: int = free.getsockname()[1]
        return number


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return not Owner.of(pid).is_alive()
    except ProcessLookupError:
        return True


def test_a_command_has_its_output_its_errors_and_its_status(terminal: Host) -> None:
    message, out, err = terminal.run(1, "echo words; printf '\\377\\0' >&2; exit 3")
    assert (message["exit"], out, err) == (3, b"words\n", b"\xff\0")
    assert message["timed_out"] == message["cut_out"] == 0


def test_a_command_gets_its_input_and_then_the_end_of_it(terminal: Host) -> None:
    data = bytes(range(256)) * 100
    message, out, _ = terminal.run(1, "cat", data=data, limit=1 << 20)
    assert (message["exit"], out) == (0, data)
    assert terminal.run(2, "wc -c")[1].strip() == b"0"


def test_output_beyond_the_limit_is_counted(terminal: Host) -> None:
    message, out, err = terminal.run(1, "printf 12345; printf abc >&2", limit=3)
    assert (out, err) == (b"123", b"abc")
    assert (message["cut_out"], message["cut_err"]) == (2, 0)


def test_a_command_is_killed_with_its_children_at_its_time_out(terminal: Host) -> None:
    message, out, _ = terminal.run(1, "sleep 60 & echo $! $$; wait", timeout_s=0.5)
    assert (message["exit"], message["timed_out"]) == (-signal.SIGKILL, 1)
    wait_for(lambda: all(map(is_gone, map(int, out.split()))))


def test_endless_output_ends_at_the_time_out(terminal: Host) -> None:
    message, out, _ = terminal.run(1, "yes", timeout_s=0.5, limit=10)
    assert out == b"y\n" * 5
    assert message["cut_out"] > 0


def test_what_a_command_leaves_in_the_background_is_not_waited_for(terminal: Host) -> None:
    message, out, _ = terminal.run(1, "sleep 60 & echo $!")
    os.kill(int(out), signal.SIGKILL)
    assert message["exit"] == 0


def test_commands_run_side_by_side(terminal: Host) -> None:
    terminal.begin(1, "sleep 60", timeout_s=50)
    assert terminal.run(2, "echo two")[1] == b"two\n"


def test_a_new_host_ends_what_the_one_before_began(terminal: Host) -> None:
    terminal.begin(1, "echo $$; sleep 60")
    pid = int(base64.b64decode(terminal.hear()["out"]))
    assert terminal.hello("second") == {"hello": "second", "agent": "python", "version": 1}
    wait_for(lambda: is_gone(pid))
    assert terminal.run(1, "echo one")[1] == b"one\n"


def test_nonsense_is_not_answered(terminal: Host) -> None:
    for message in ({}, {"id": 9, "end": 1}, {"id": "x", "run": 1}, {"id": 9, "data": "AA=="}):
        terminal.say(**message)
    terminal.say(id=9, run="%%%", timeout_ms=1, limit=1)
    assert terminal.run(1, "echo one")[1] == b"one\n"


def test_connections_have_their_own_commands(
    start: Callable[..., subprocess.Popen[bytes]], port: int
) -> None:
    start(f"tcp:{port}")
    first, second = connect(port), connect(port)
    first.hello()
    second.hello()
    second.begin(1, "echo $$; sleep 60")
    pid = int(base64.b64decode(second.hear()["out"]))
    assert first.run(1, "echo first")[1] == b"first\n"
    assert not is_gone(pid)
    second.close()
    wait_for(lambda: is_gone(pid))
    first.close()


def test_a_place_that_is_not_there_ends_the_agent(
    start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    assert start(str(tmp_path / "none")).wait() != 0
