import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from riostat.testbed.ownership import Owner

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "machine"
    path.mkdir()
    return path


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    keepers = []

    def start_keeper(
        *program: str,
        owner: str | None = None,
        pass_fds: tuple[int, ...] = (),
        options: tuple[str, ...] = (),
    ) -> "subprocess.Popen[str]":
        mark = Owner.of(os.getpid()).mark if owner is None else owner
        command = [sys.executable, "-m", "riostat.testbed.guest.keeper"]
        command += [*options, str(folder), mark]
        keepers.append(
            subprocess.Popen(
                [*command, *program], stdout=subprocess.PIPE, text=True, pass_fds=pass_fds
            )
        )
        return keepers[-1]

    yield start_keeper
    for keeper in keepers:
        keeper.kill()
        keeper.communicate()


def said(keeper: "subprocess.Popen[str]") -> str:
    assert keeper.stdout is not None
    return keeper.stdout.readline()


def processes(folder: Path) -> list[Owner]:
    """The keeper, and the program unless it has ended at once."""
    owners = [Owner.parse(mark) for mark in (folder / "processes").read_text().split()]
    return [owner for owner in owners if owner is not None]


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def wait_gone(owner: Owner) -> None:
    wait_for(lambda: not owner.is_alive())


def test_it_ends_the_program_and_removes_the_folder(start: Start, folder: Path) -> None:
    keeper = start("sleep", "60")
    assert said(keeper) == "started\n"
    program = processes(folder)[1]
    assert program.is_alive()
    assert processes(folder)[0].pid == keeper.pid
    keeper.terminate()
    assert keeper.wait() == 0
    assert not program.is_alive()
    assert not folder.exists()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_owner(start: Start, folder: Path, ending: signal.Signals) -> None:
    with subprocess.Popen(["sleep", "60"]) as owner:
        keeper = start("sleep", "60", owner=Owner.of(owner.pid).mark)
        assert said(keeper) == "started\n"
        program = processes(folder)[1]
        owner.send_signal(ending)
    assert keeper.wait() == 0
    assert not program.is_alive()
    assert not folder.exists()


def test_a_stopped_program_is_ended_too(start: Start, folder: Path) -> None:
    keeper = start("sleep", "60")
    said(keeper)
    program = processes(folder)[1]
    os.kill(program.pid, signal.SIGSTOP)
    keeper.terminate()
    assert keeper.wait() == 0
    assert not program.is_alive()


def test_the_program_ends_with_the_keeper(start: Start, folder: Path) -> None:
    keeper = start("sleep", "60")
    said(keeper)
    program = processes(folder)[1]
    keeper.kill()
    wait_gone(program)


def test_a_program_that_ends_leaves_its_status_and_its_words(start: Start, folder: Path) -> None:
    keeper = start("sh", "-c", "echo words; echo more >&2; exit 3")
    said(keeper)
    wait_for((folder / "ended").exists)
    assert (folder / "ended").read_text() == "3"
    assert (folder / "console").read_text() == "words\nmore\n"
    assert keeper.poll() is None
    keeper.terminate()
    keeper.wait()
    assert not folder.exists()


def test_of_endless_words_the_end_is_kept(start: Start, folder: Path) -> None:
    said(start("sh", "-c", "yes | head -c 5000000; echo last"))
    wait_for((folder / "ended").exists)
    console = (folder / "console").read_bytes()
    assert len(console) < 1 << 21
    assert console.endswith(b"\nlast\n")


def test_descriptors_are_passed_on(start: Start, folder: Path) -> None:
    reading, writing = os.pipe()
    said(
        start("sh", "-c", f"echo here >/proc/self/fd/{writing}; exec sleep 60", pass_fds=(writing,))
    )
    os.close(writing)
    assert os.read(reading, 100) == b"here\n"
    os.kill(processes(folder)[1].pid, signal.SIGKILL)
    assert select.select([reading], [], [], 10)[0]
    assert os.read(reading, 100) == b""  # the keeper does not hold it
    os.close(reading)


def test_an_owner_that_has_ended_already_is_not_waited_for(start: Start, folder: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as owner:
        mark = Owner.of(owner.pid).mark
    assert start("sleep", "60", owner=mark).wait() == 1
    assert not folder.exists()


def test_a_program_that_cannot_be_started_is_said(start: Start, folder: Path) -> None:
    keeper = start(str(folder))
    assert "Permission denied" in said(keeper)
    assert keeper.wait() == 1


def test_a_folder_that_is_gone_is_said(start: Start, folder: Path) -> None:
    folder.rmdir()
    keeper = start("sleep", "60")
    assert "No such file or directory" in said(keeper)
    assert keeper.wait() == 1


def test_a_full_disk_costs_lines_of_the_console(start: Start, folder: Path, tmp_path: Path) -> None:
    (folder / "console").symlink_to("/dev/full")
    go = tmp_path / "go"
    os.mkfifo(go)
    keeper = start("sh", "-c", f"echo lost; read line <{go}; echo lost too; exec sleep 60")
    assert said(keeper) == "started\n"
    go.write_text("go\n")
    program = processes(folder)[1]
    wait_for(lambda: (Path("/proc") / str(program.pid) / "comm").read_text() == "sleep\n")
    assert keeper.poll() is None
    keeper.terminate()
    assert keeper.wait() == 0


def test_apart_it_ends_with_its_owner_until_it_is_released(start: Start, folder: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as owner:
        started = start("sleep", "60", owner=Owner.of(owner.pid).mark, options=("--apart",))
        assert said(started) == "started\n"
        assert started.wait() == 0
        keeper, program = processes(folder)
        owner.kill()
    wait_gone(keeper)
    assert not program.is_alive()
    assert not folder.exists()


def test_once_released_it_outlives_its_owner(start: Start, folder: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as owner:
        mark = Owner.of(owner.pid).mark
        started = start("sh", "-c", "read line; echo on; exec sleep 60", owner=mark)
        assert said(started) == "started\n"
        keeper, program = processes(folder)
        (folder / "owner").write_text(keeper.mark)
        owner.kill()
    wait_for(lambda: (folder / "console").read_text() == "on\n")
    assert keeper.is_alive()
    assert program.is_alive()
    os.kill(keeper.pid, signal.SIGTERM)
    started.wait()
    assert not program.is_alive()
    assert not folder.exists()
