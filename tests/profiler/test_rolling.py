"""The rolling recorder as the process that it is."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.profiler.recording import ENCODING
from riostat.profiler.snapshot import parse_snapshot
from tests.profiler.rights import NOBODY, needs_root, unprivileged

MEBIBYTE = 1 << 20


class Rolling:
    """A rolling recorder and the run that it writes."""

    def __init__(
        self,
        directory: Path,
        *,
        frequency: int = 99,
        keep_bytes: int = 8 * MEBIBYTE,
        without_rights: bool = False,
    ) -> None:
        runs = RunDirectory(directory)
        self.path = runs.create(command=["up"], clock=SYSTEM_CLOCK, name="rolling", rolling=True)[1]
        if without_rights:
            for path in (directory, self.path):
                os.chown(path, NOBODY, NOBODY)
        options = {
            "--run": self.path,
            "--symbols": directory / "symbols",
            "--frequency": frequency,
            "--keep-seconds": 60,
            "--keep-bytes": keep_bytes,
            "--parent": os.getpid(),
        }
        words = [str(word) for option in options.items() for word in option]
        command = [sys.executable, "-m", "riostat.profiler.rolling", *words]
        self.process = subprocess.Popen(
            unprivileged(command) if without_rights else command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def state(self) -> dict[str, Any]:
        """Wait for the next change of state."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        value: dict[str, Any] = json.loads(line)
        return value

    def run(self) -> Run:
        return Run.open(self.path)

    def segments(self) -> list[Path]:
        return sorted(self.path.glob("*.frames"))

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        assert (self.process.returncode, errors) == (0, "")


@contextmanager
def running(recorder: Rolling) -> Iterator[Rolling]:
    try:
        yield recorder
    finally:
        recorder.process.kill()
        recorder.process.communicate()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that nobody announces."""
    while not condition():
        select.select([], [], [], 0.05)


def points(run: Run) -> int:
    return len(run.series("cpu.idle.0")[0])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_records_until_it_is_told_to_end(tmp_path: Path, number: int) -> None:
    with running(Rolling(tmp_path)) as recorder:
        assert recorder.state()["state"] == "recording"
        until(lambda: points(recorder.run()) >= 3)
        status = Path(f"/proc/{recorder.process.pid}/status").read_text()
        memory_kb = int(status.split("VmRSS:")[1].split()[0])
        assert memory_kb < 25 * 1024
        recorder.end(number)
    run = recorder.run()
    assert run.state().complete
    assert [event.name for event in run.events()] == ["started", "stopped"]
    assert run.manifest.rolling
    assert run.damage == ()


def test_the_last_word_is_that_it_stopped(tmp_path: Path) -> None:
    with running(Rolling(tmp_path)) as recorder:
        recorder.state()
        recorder.process.terminate()
        assert recorder.state() == {"state": "stopped", "reason": ""}


def test_a_killed_recorder_leaves_a_readable_run(tmp_path: Path) -> None:
    with running(Rolling(tmp_path)) as recorder:
        until(lambda: points(recorder.run()) >= 2)
        recorder.process.kill()
        recorder.process.wait()
    run = recorder.run()
    assert not run.state().complete
    assert points(run) >= 2
    assert run.artefact("recording")


def test_segments_read_alone_and_the_oldest_are_forgotten(tmp_path: Path) -> None:
    keep_bytes = MEBIBYTE // 4
    with running(Rolling(tmp_path, frequency=999, keep_bytes=keep_bytes)) as recorder:
        recorder.state()
        until(lambda: bool(recorder.segments()) and "00000000" not in recorder.segments()[0].name)
        recorder.end()
    segments = recorder.segments()
    alone = tmp_path / "alone"
    for segment in segments:
        (alone / segment.name).mkdir(parents=True)
        shutil.copy(recorder.path / "manifest.json", alone / segment.name)
        shutil.copy(segment, alone / segment.name)
        run = Run.open(alone / segment.name)
        assert json.loads(run.artefact("recording"))["encoding"] == ENCODING
        assert parse_snapshot(run.artefact("processes"))
        assert run.damage == ()
    assert sum(segment.stat().st_size for segment in segments[:-1]) <= keep_bytes
    assert [event.name for event in recorder.run().events()] == ["stopped"]


PARENT = """
import os, subprocess, sys
with subprocess.Popen([word.replace("PARENT", str(os.getpid())) for word in sys.argv[1:]],
                      stdout=subprocess.PIPE) as process:
    print(process.pid, process.stdout.readline(), flush=True)
    os.kill(os.getpid(), 9)
"""


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    path = RunDirectory(tmp_path).create(command=["up"], clock=SYSTEM_CLOCK, name="x")[1]
    command = [sys.executable, "-m", "riostat.profiler.rolling", f"--run={path}"]
    command += [f"--symbols={tmp_path}", "--frequency=99", "--keep-seconds=60"]
    command += [f"--keep-bytes={MEBIBYTE}", "--parent=PARENT"]
    parent = subprocess.run(
        [sys.executable, "-c", PARENT, *command], capture_output=True, text=True, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    pid = int(parent.stdout.split()[0])
    until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))
    assert [event.name for event in Run.open(path).events()] == ["started", "stopped"]


def _is_zombie(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


def test_without_its_parent_it_does_not_begin(tmp_path: Path) -> None:
    path = RunDirectory(tmp_path).create(command=["up"], clock=SYSTEM_CLOCK, name="x")[1]
    command = [sys.executable, "-m", "riostat.profiler.rolling", "--run", str(path)]
    command += ["--symbols", str(tmp_path), "--frequency", "99", "--keep-seconds", "60"]
    command += ["--keep-bytes", str(MEBIBYTE), "--parent", "1"]
    assert subprocess.run(command, check=False, timeout=30).returncode == 0
    assert not list(path.glob("*.frames"))


def fill(path: Path) -> None:
    """Take all room that there is."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


@needs_root
def test_a_full_disk_pauses_it_and_room_resumes_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", disk], check=True)
    try:
        with running(Rolling(disk)) as recorder:
            assert recorder.state()["state"] == "recording"
            until(lambda: points(recorder.run()) >= 2)
            ballast = disk / "ballast"
            fill(ballast)
            paused = recorder.state()
            assert paused["state"] == "paused"
            assert "no room" in paused["reason"].lower()
            assert points(recorder.run()) >= 2
            ballast.unlink()
            assert recorder.state()["state"] == "recording"
            recorder.end()
        names = [event.name for event in recorder.run().events()]
        assert names[0] == "started"
        assert names[-2:] == ["resumed", "stopped"]
        assert len(recorder.segments()) >= 2
        assert recorder.run().damage == ()
    finally:
        subprocess.run(["umount", disk], check=True)


@needs_root
def test_without_rights_its_own_user_is_recorded(tmp_path: Path) -> None:
    waits = unprivileged([sys.executable, "-c", "import sys; sys.stdin.read()"])
    for path in (tmp_path.parent.parent, tmp_path.parent, tmp_path):
        path.chmod(0o755)
    with (
        subprocess.Popen(waits, stdin=subprocess.PIPE) as other,
        running(Rolling(tmp_path, without_rights=True)) as recorder,
    ):
        state = recorder.state()
        assert state["state"] == "recording"
        assert json.loads(recorder.run().artefact("recording"))["user_only"] is True
        recorder.end()
        other.kill()


@pytest.mark.parametrize(
    ("run", "frequency", "sentence"),
    [("none", 99, "The rolling run "), ("", 9_999_999, "9999999 samples a second are more ")],
)
def test_what_cannot_be_is_one_sentence(
    tmp_path: Path, run: str, frequency: int, sentence: str
) -> None:
    command = [sys.executable, "-m", "riostat.profiler.rolling", f"--run={tmp_path / run}"]
    command += [f"--symbols={tmp_path}", f"--frequency={frequency}", "--keep-seconds=60"]
    command += [f"--keep-bytes={MEBIBYTE}", f"--parent={os.getpid()}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    said = json.loads(done.stdout)
    assert said["state"] == "failed"
    assert said["reason"].startswith(sentence)
    assert not list(tmp_path.glob("*.frames"))
