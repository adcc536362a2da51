import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.testbed.guest.machine import start_machine
from riostat.testbed.guest.qmp import QMP
from tests.testbed.guest.test_machine import IDLE, QEMU

needs_qemu = pytest.mark.skipif(
    shutil.which(QEMU) is None, reason=f"{QEMU} is missing; install qemu-system-x86"
)


@contextmanager
def speaker(path: Path, content: bytes, *, closes: bool = True) -> Iterator[None]:
    """Something that is no QEMU, and says this to whoever connects."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def speak() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(content)
                if closes:
                    connection.shutdown(socket.SHUT_WR)
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=speak)
        thread.start()
        yield
        thread.join()


@needs_qemu
def test_commands_and_events() -> None:
    with start_machine(IDLE) as machine:
        assert machine.qmp.execute("query-status")["running"] is False
        machine.qmp.execute("object-add", **{"qom-type": "rng-random", "id": "noise"})
        machine.qmp.execute("cont")
        machine.qmp.wait_event("RESUME", lambda _: True, timeout_s=10)
        with pytest.raises(MachineError, match=r"refuses device_add for .*nonesuch"):
            machine.qmp.execute("device_add", driver="nonesuch")
        with pytest.raises(MachineTimeoutError, match="does not answer"):
            machine.qmp.wait_event("STOP", lambda _: True, timeout_s=0.1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has ended"),
        (b'{"QMP":{}}\n', "has ended"),
        (b'{"QMP":{}}\nnonsense\n', "no QMP"),
        (b'{"QMP":{}}\n' + b"[" * 100_000 + b"\n", "no QMP"),
        (b'{"QMP":{}}\n{"error":{"desc":"\x1b no"},"id":1}\n'.replace(b"\x1b", b"\\u001b"), "x1b"),
    ],
)
def test_what_no_qemu_says_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "qmp"
    with speaker(path, content), pytest.raises(MachineError, match=words):
        QMP(path, machine="the machine m")


def test_silence_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "qmp"
    with (
        speaker(path, b'{"QMP":{}}\n', closes=False),
        pytest.raises(MachineTimeoutError, match=r"within 0\.1 s"),
    ):
        QMP(path, machine="the machine m", timeout_s=0.1)
