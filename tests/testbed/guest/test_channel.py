import os
import pty
import select
import socket
import subprocess
import sys
import threading
import tracemalloc
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.testbed.guest import agent
from riostat.testbed.guest.channel import Channel

HELLO = b'{"hello":"%s","agent":"python","version":1}\n'


def channel_to(path: Path, fault: str | None = None) -> Channel:
    return Channel(path, machine="machine m", diagnose=lambda: "\nLast words.", fault=lambda: fault)


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as found:
        found.bind(str(path))
        found.listen()
        yield found


def pump(listener: socket.socket, controller: int) -> None:
    """Join a terminal and whoever connects, as QEMU joins a port and its socket."""
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                while True:
                    ready, _, _ = select.select([connection.fileno(), controller], [], [])
                    if connection.fileno() in ready:
                        content = connection.recv(4096)
                        if not content:
                            break
                        while content:
                            content = content[os.write(controller, content) :]
                    else:
                        connection.sendall(os.read(controller, 4096))


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[Channel]:
    """A channel to an agent of this machine."""
    controller, device = pty.openpty()
    tty.setraw(device)
    command = [sys.executable, "-I", "-S", agent.__file__, os.ttyname(device)]
    with listening(tmp_path / "agent") as listener, subprocess.Popen(command) as process:
        thread = threading.Thread(target=pump, args=(listener, controller), daemon=True)
        thread.start()
        found = channel_to(tmp_path / "agent")
        yield found
        found.close()
        process.kill()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    os.close(controller)
    os.close(device)


def test_commands_for_a_shell_and_programs(channel: Channel) -> None:
    channel.greet(20)
    finished = channel.run("echo $0; echo no >&2; exit 4")
    assert (finished.returncode, finished.stdout, finished.stderr) == (4, b"sh\n", b"no\n")
    assert channel.run(["echo", "$0", "a  b", "'"]).stdout == b"$0 a  b '\n"
    assert channel.run("kill -9 $$").returncode == -9


def test_bytes_of_every_kind_go_in_and_out(channel: Channel) -> None:
    data = bytes(range(256)) * 4000
    assert channel.run("cat", data=data).stdout == data


def test_output_beyond_the_limit_is_cut_and_said(channel: Channel) -> None:
    finished = channel.run("head -c 100000 /dev/zero", limit=1000)
    assert len(finished.stdout) == 1000
    assert finished.stdout_cut == 99_000


def test_a_command_that_takes_too_long_is_said_with_its_words(channel: Channel) -> None:
    with pytest.raises(MachineTimeoutError) as caught:
        channel.run("echo almost; sleep 60", timeout_s=0.3)
    assert "sleep 60 in the machine m did not end within 0.3 s" in str(caught.value)
    assert str(caught.value).endswith("It printed:\n  almost")
    assert channel.run("echo after").stdout == b"after\n"


def test_files_go_in_and_out_with_their_modes(channel: Channel, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "a 'target'"
    source.write_bytes(bytes(range(256)) * 1000)
    source.chmod(0o751)
    channel.put(source, str(target))
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o751
    fetched = channel.get(str(target))
    assert (fetched.content, fetched.mode) == (source.read_bytes(), 0o751)
    channel.put(b"words", str(target), mode=0o600)
    assert channel.get(str(target)) == (b"words", 0o600)
    assert {path.name for path in tmp_path.iterdir()} == {"agent", "source", "a 'target'"}


def test_files_that_cannot_be_had_are_said(channel: Channel, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"none.* cannot be read .*name another"):
        channel.get(str(tmp_path / "none"))
    with pytest.raises(MachineError, match="is a directory"):
        channel.get(str(tmp_path))
    with pytest.raises(MachineError, match="is a directory"):
        channel.put(b"", str(tmp_path))
    with pytest.raises(MachineError, match="cannot be written in the machine m"):
        channel.put(b"", str(tmp_path / "none" / "file"))
    with pytest.raises(MachineError, match=r"The file .*none cannot be read"):
        channel.put(tmp_path / "none", "/tmp/none")
    (tmp_path / "large").write_bytes(b"12345")
    for large in (str(tmp_path / "large"), "/dev/zero"):
        with pytest.raises(MachineError, match="more than 4 bytes"):
            channel.get(large, limit=4)


@pytest.mark.parametrize("kind", ["zero", "pipe", "huge"])
def test_only_a_regular_file_of_some_size_goes_in(
    channel: Channel, tmp_path: Path, kind: str
) -> None:
    source = tmp_path / "source"
    match kind:
        case "zero":
            source.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(source)
        case _:
            with source.open("wb") as file:
                file.truncate(1 << 40)
    with pytest.raises(MachineError, match=r"source is no regular file of at most 1024 MiB; copy"):
        channel.put(source, str(tmp_path / "target"))


def test_of_long_words_the_last_are_quoted_and_cost_little(channel: Channel) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(MachineTimeoutError) as caught:
            channel.run("head -c 8000000 /dev/zero; echo; echo last; sleep 60", timeout_s=2)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert str(caught.value).endswith("\n  last")
    assert len(str(caught.value)) < 2000
    assert most < 48 << 20


def test_threads_wait_for_one_another(channel: Channel) -> None:
    found: dict[int, bytes] = {}

    def run(number: int) -> None:
        found[number] = channel.run(f"echo {number}").stdout

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: b"%d\n" % number for number in range(8)}


@contextmanager
def guest(path: Path, *answers: bytes, closes: bool = True) -> Iterator[None]:
    """A guest that greets, says this to each line that it hears, and then hangs or ends."""

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            assert lines.readline() == b"\n"
            word = lines.readline().split(b'"')[3]
            for content in (HELLO % word, *answers):
                connection.sendall(content)
                lines.readline()
            if not closes:
                with suppress(ConnectionResetError):
                    lines.read()

    with listening(path) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        yield
        thread.join()


def test_a_machine_that_ends_is_said(tmp_path: Path) -> None:
    with guest(tmp_path / "agent"):
        channel = channel_to(tmp_path / "agent")
        with pytest.raises(MachineError, match=r"machine m has ended; .*\nLast words\."):
            channel.run("true")


def test_a_machine_that_panics_and_stays_is_not_waited_for(tmp_path: Path) -> None:
    with listening(tmp_path / "agent"):
        channel = channel_to(tmp_path / "agent", fault="Kernel panic")
        with pytest.raises(MachineError, match="has ended"):
            channel.greet(60)


def test_a_hostile_agent_is_refused_and_left(tmp_path: Path) -> None:
    with guest(tmp_path / "agent", b"nonsense\n", closes=False):
        channel = channel_to(tmp_path / "agent")
        with pytest.raises(MachineError, match="breaks the protocol"):
            channel.run("true")


def test_a_machine_without_a_socket_has_ended(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="has ended"):
        channel_to(tmp_path / "none").run("true")
