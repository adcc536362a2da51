"""Snapshots of machines; that guests in them go on is shown by the tests of guests and of Xen."""

import os
import shutil
from pathlib import Path

import pytest

from riostat.core.errors import MachineError
from riostat.testbed.guest.machine import Machine, start_machine
from riostat.testbed.guest.snapshots import (
    INCOMING,
    resume,
    save_snapshot,
    snapshot_key,
    warm_machine,
)

QEMU = "qemu-system-x86_64"
IDLE = (QEMU, "-nodefaults", "-display", "none", "-machine", "pc", "-m", "16", "-S")

pytestmark = pytest.mark.skipif(
    shutil.which(QEMU) is None, reason=f"{QEMU} is missing; install qemu-system-x86"
)


class _PreparedError(Exception):
    """The machine booted."""


def _refuse(machine: Machine) -> None:
    raise _PreparedError(machine.name)


def test_a_key_stands_for_the_command_line_and_what_was_done() -> None:
    key = snapshot_key(IDLE, "images")
    assert key == snapshot_key(IDLE, "images")
    others = {snapshot_key(IDLE), snapshot_key(IDLE, "others"), snapshot_key(IDLE[:-1], "images")}
    assert len(others) == 3
    assert key not in others


def _registers(machine: Machine) -> str:
    answer = machine.qmp.execute("human-monitor-command", **{"command-line": "info registers"})
    assert isinstance(answer, str)
    return answer


def test_a_machine_is_restored_as_it_was(tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot with spaces"
    with start_machine(IDLE, name="first") as machine:
        before = _registers(machine)
        save_snapshot(machine, snapshot)
    events = {"capability": "events", "state": True}
    with start_machine([*IDLE, *INCOMING], name="second") as machine:
        machine.qmp.execute("migrate-set-capabilities", capabilities=[events])
        machine.qmp.execute("migrate-incoming", uri=f"exec:cat '{snapshot}'")
        machine.qmp.wait_event(
            "MIGRATION", lambda data: data["status"] == "completed", timeout_s=20
        )
        assert _registers(machine) == before


def test_what_is_no_snapshot_is_refused_with_the_words_of_qemu(tmp_path: Path) -> None:
    snapshot = tmp_path / "snapshot"
    snapshot.write_bytes(bytes(4096))
    with (
        start_machine([*IDLE, *INCOMING], name="none") as machine,
        pytest.raises(MachineError, match=r"(?s)none.*Not a migration stream"),
    ):
        resume(machine, snapshot)


def test_a_snapshot_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with (
        start_machine(IDLE, name="none") as machine,
        pytest.raises(MachineError, match="The machine none cannot be written to"),
    ):
        save_snapshot(machine, tmp_path / "missing" / "snapshot")


def test_a_snapshot_that_was_changed_is_made_anew_and_old_ones_go(tmp_path: Path) -> None:
    for number in range(7):
        kept = tmp_path / f"kept-{number}"
        kept.touch()
        os.truncate(kept, 400 << 20)  # of which no byte takes room
        os.utime(kept, ns=(number, 0))
    changed = tmp_path / "changed"
    changed.write_bytes(b"content")
    with pytest.raises(_PreparedError):
        warm_machine(
            changed,
            lambda more: start_machine([*IDLE, *more], name="boots"),
            _refuse,
            progress=lambda _: None,
        )
    assert sorted(path.name for path in tmp_path.glob("kept-*")) == sorted(
        f"kept-{number}" for number in range(2, 7)
    )
