import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from riostat.core.errors import MachineError, MachineTimeoutError, MissingToolError
from riostat.testbed.folders import runtime_folder
from riostat.testbed.guest.machine import Machine, start_machine
from riostat.testbed.ownership import Owner

QEMU = "qemu-system-x86_64"
# A machine that runs no guest: its processors are never started.
IDLE = (QEMU, "-nodefaults", "-display", "none", "-machine", "pc", "-m", "16", "-S")
OWNER = f"""
import sys, time
from riostat.testbed.guest.machine import Machine, start_machine
machine = start_machine({IDLE!r})
print(machine.folder, machine.pid, flush=True)
time.sleep(60)
"""

pytestmark = pytest.mark.skipif(
    shutil.which(QEMU) is None, reason=f"{QEMU} is missing; install qemu-system-x86"
)


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with TemporaryDirectory() as folder:  # pytest's is too deep for a socket
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield
        assert not list(runtime_folder().iterdir())


def keeper_of(machine: Machine) -> Owner:
    keeper = Owner.parse((machine.folder / "processes").read_text().split()[0])
    assert keeper is not None
    return keeper


def test_a_machine_has_qmp_and_ends() -> None:
    with start_machine(IDLE, name="idle") as machine:
        process = Owner.of(machine.pid)
        assert machine.qmp.execute("query-status")["status"] == "prelaunch"
        assert machine.folder.name.startswith("idle-")
    assert not process.is_alive()
    machine.close()


def test_an_agent_that_does_not_answer_is_not_waited_for() -> None:
    with (
        start_machine(IDLE, name="idle") as machine,
        pytest.raises(MachineTimeoutError, match=r"machine idle does not answer within 0\.2 s"),
    ):
        machine.channel.greet(0.2)


def test_a_stopped_qemu_is_not_waited_for_and_is_ended() -> None:
    with start_machine(IDLE) as machine:
        os.kill(machine.pid, signal.SIGSTOP)
        with pytest.raises(MachineTimeoutError, match="does not answer"):
            machine.channel.greet(0.2)


def test_a_qemu_that_does_not_take_its_arguments_is_quoted() -> None:
    with start_machine([QEMU, "-machine", "nonesuch"]) as machine:
        with pytest.raises(MachineError) as caught:
            machine.channel.greet(20)
        assert "has ended" in str(caught.value)
        assert "QEMU ended with 1." in str(caught.value)
        assert "unsupported machine type" in str(caught.value)
        with pytest.raises(MachineError, match="unsupported machine type"):
            _ = machine.qmp


def test_a_missing_qemu_is_named_with_its_package() -> None:
    with pytest.raises(MissingToolError, match=r"qemu-system-none .* package qemu-system-x86\."):
        start_machine(["qemu-system-none"])


def test_a_folder_too_deep_for_sockets_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 100)))
    with pytest.raises(MachineError, match="XDG_RUNTIME_DIR to a folder with a short path"):
        start_machine(IDLE)
    assert not list(runtime_folder().iterdir())


def test_more_ports_have_their_sockets() -> None:
    with start_machine(IDLE, ports=("domain-u1",)) as machine:
        assert (machine.folder / "domain-u1").is_socket()


@pytest.mark.parametrize("name", ["Upper", "a/b", "-a", "a" * 33, "a b"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(MachineError, match="cannot be a machine's"):
        start_machine(IDLE, name=name)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_machine_ends_with_its_owner(ending: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        folder, pid = owner.stdout.readline().split()
        process = Owner.of(int(pid))
        owner.send_signal(ending)
    while process.is_alive() or Path(folder).exists():
        time.sleep(0.01)


def test_when_the_keeper_is_killed_nothing_stays() -> None:
    with start_machine(IDLE) as machine:
        process = Owner.of(machine.pid)
        os.kill(keeper_of(machine).pid, signal.SIGKILL)
        while process.is_alive():
            time.sleep(0.01)


RELEASING = f"""
import sys
from riostat.testbed.guest.machine import start_machine
machine = start_machine({IDLE!r}, name="idle", owned=False)
if sys.argv[1:]:
    machine.release()
print(machine.folder, machine.pid, flush=True)
"""


def test_a_machine_that_is_released_outlives_who_started_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RELEASING, "release"], capture_output=True, text=True, check=True
    )
    folder, pid = done.stdout.split()
    machine = Machine(Path(folder), "idle")
    assert machine.pid == int(pid)
    assert (machine.folder / "owner").read_text() == keeper_of(machine).mark
    process = Owner.of(machine.pid)
    machine.close()
    assert process.is_alive()
    machine.end()
    assert not process.is_alive()
    assert not machine.folder.exists()


def test_a_machine_whose_starter_dies_before_it_is_released_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RELEASING], capture_output=True, text=True, check=True
    )
    while Path(done.stdout.split()[0]).exists():
        time.sleep(0.01)


def test_a_machine_whose_keeper_is_stopped_is_ended_by_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("riostat.testbed.guest.machine._END_TIMEOUT_S", 0.2)
    with start_machine(IDLE, name="idle") as machine:
        process, keeper = Owner.of(machine.pid), keeper_of(machine)
        os.kill(keeper.pid, signal.SIGSTOP)
        Machine(machine.folder, "idle").end()
        assert not process.is_alive()
        assert not machine.folder.exists()


def test_a_machine_that_another_has_ended_is_said() -> None:
    with start_machine(IDLE, name="idle") as machine:
        Machine(machine.folder, "idle").end()
        for ask in (lambda: machine.pid, lambda: machine.memory, lambda: machine.qmp):
            with pytest.raises(MachineError, match="idle has ended"):
                ask()


def test_a_start_that_is_broken_off_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("select.select", interrupted)
    with pytest.raises(KeyboardInterrupt):
        start_machine(IDLE, name="idle")
