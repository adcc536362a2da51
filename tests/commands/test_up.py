"""riostat up: starts, says where it is, ends without a trace, and finds what was there."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from riostat.commands.up import forget_old
from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter

TOKEN = "a1b2c3d4e5f6g7h8"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(stat.parent.name))
    return found


class Up:
    """A running `riostat up`."""

    def __init__(self, data: Path, *flags: str, home: Path | None = None) -> None:
        self.port = free_port()
        outside = {} if home is None else {"HOME": str(home), "TMPDIR": str(home)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "riostat", "up", f"--port={self.port}", *flags],
            env=os.environ
            | {"RIOSTAT_DATA": str(data), "RIOSTAT_TOKEN": TOKEN, "RIOSTAT_PARTS": "none"}
            | outside,
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.greeting = self.process.stdout.readline()

    def get(self, path: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx2.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, trust_env=False)

    def end(self, number: signal.Signals = signal.SIGINT) -> str:
        self.process.send_signal(number)
        return self.process.communicate()[1]


@contextlib.contextmanager
def up(data: Path, *, home: Path | None = None) -> Iterator[Up]:
    running = Up(data, home=home)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end()


def rolling_runs(data: Path) -> list[Run]:
    runs = [Run.open(path) for path in RunDirectory(data / "runs").paths()]
    return [run for run in runs if run.manifest.rolling]


def wait_for_samples(running: Up) -> None:
    with httpx2.stream(
        "GET",
        f"http://127.0.0.1:{running.port}/api/live",
        headers={"Authorization": f"Bearer {TOKEN}"},
        trust_env=False,
        timeout=60,
    ) as stream:
        for line in stream.iter_lines():
            if re.search(r'"state":"recording".*"samples":[1-9]', line):
                return


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_records_and_ends_without_a_trace(tmp_path: Path, number: signal.Signals) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with up(tmp_path / "data", home=home) as running:
        assert f"http://127.0.0.1:{running.port}/?token={TOKEN}" in running.greeting
        wait_for_samples(running)
        pids = children(running.process.pid)
        assert pids
        assert running.end(number) == "riostat has ended.\n"
        assert running.process.returncode == 0
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists()
    (run,) = rolling_runs(tmp_path / "data")
    assert run.state().complete
    assert list(home.iterdir()) == []


def test_the_next_start_finds_everything(tmp_path: Path) -> None:
    for starts in (1, 2):
        with up(tmp_path) as running:
            wait_for_samples(running)
            runs = running.get("/api/runs").json()["runs"]
            assert len(runs) == starts
            assert all(run["rolling"] for run in runs)


def test_a_killed_console_leaves_no_recorder(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        wait_for_samples(running)
        pids = children(running.process.pid)
        running.end(signal.SIGKILL)
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        pass
    (run,) = rolling_runs(tmp_path)
    assert run.state().seconds > 0


def test_a_busy_port_is_one_sentence_and_makes_no_run(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "riostat", "up", f"--port={port}", f"--data={tmp_path}"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"riostat: The console cannot listen on 127.0.0.1:{port} (Address already in use); "
        "choose another port with --port, or end what listens there.\n"
    )
    assert RunDirectory(tmp_path / "runs").paths() == []


def test_one_data_directory_has_one_recorder(tmp_path: Path) -> None:
    with up(tmp_path):
        second = Up(tmp_path)
        assert second.greeting == ""
        _, error = second.process.communicate()
    assert second.process.returncode == 1
    assert error.startswith("riostat: Another `riostat up` works in ")


def test_the_oldest_rolling_runs_make_room(tmp_path: Path) -> None:
    runs = RunDirectory(tmp_path)
    for name, rolling in [("a", True), ("b", True), ("empty", True), ("kept", False), ("c", True)]:
        _, path = runs.create(command=[], clock=SYSTEM_CLOCK, name=name, rolling=rolling)
        if name != "empty":
            with RunWriter.create(path, writer="w", run_id=name) as writer:
                writer.samples(writer.channel("x", ChannelKind.SAMPLES), (bytes(1000),))
    (path / "manifest.json").touch()
    forget_old(runs, keep_bytes=2600)
    assert [path.name for path in runs.paths()] == ["b", "c", "kept"]
