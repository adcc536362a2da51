"""riostat profile record, as its user runs it."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.profiler.snapshot import cgroup_mount, parse_snapshot
from tests.profiler.rights import NOBODY, needs_root, unprivileged

RECORD = [sys.executable, "-m", "riostat", "profile", "record"]
BURN = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"


def environment(data: Path) -> dict[str, str]:
    return os.environ | {"RIOSTAT_DATA": str(data)}


def record(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RECORD, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment(data),
    )


def recorded(data: Path, *arguments: str) -> dict[str, Any]:
    done = record(data, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def runs(data: Path) -> list[Path]:
    return RunDirectory(data / "runs").paths()


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a refusal."""
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("riostat: ")
    return line.removeprefix("riostat: ")


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that nobody announces."""
    while not condition():
        select.select([], [], [], 0.02)


def recording(data: Path) -> bool:
    """Whether the one run of a directory has begun to be recorded."""
    return any(event.name == "started" for path in runs(data) for event in Run.open(path).events())


def test_words_go_to_standard_error(tmp_path: Path) -> None:
    done = record(tmp_path, "-e", "cpu-clock", "-d", "0.3", "-o", "first")
    assert (done.returncode, done.stdout) == (0, "")
    first, *_, last = done.stderr.splitlines()
    assert first.startswith("Recorded cpu-clock for 0.3 s on ")
    assert last == "See it with: riostat profile report first"
    assert Run.open(tmp_path / "runs" / "first").state().complete


def test_json_has_the_fields_of_the_contract(tmp_path: Path) -> None:
    result = recorded(tmp_path, "-F", "997", "-e", "cpu-clock", "--", "sh", "-c", BURN)
    assert result["events"] == ["cpu-clock"]
    assert result["frequency_hz"] == 997
    assert result["seconds"] > 0
    assert result["samples"] > 0
    assert result["samples"] == sum(domain["samples"] for domain in result["domains"])
    assert result["lost"] == 0
    assert result["recorder_cpu_seconds"] >= result["steady_cpu_seconds"] >= 0
    assert {"name", "kind", "samples"} == set(result["domains"][0])
    assert (tmp_path / "runs" / result["run"]).is_dir()


def test_a_recording_of_nothing_is_a_recording(tmp_path: Path) -> None:
    result = recorded(tmp_path, "-F", "1", "-d", "0.001")
    assert result["samples"] >= 0
    assert result["fallback"] is None or "cpu-clock" in result["fallback"]


def test_a_period_instead_of_a_frequency(tmp_path: Path) -> None:
    result = recorded(tmp_path, "-e", "page-faults", "-c", "1", "--", "true")
    assert (result["frequency_hz"], result["period"]) == (None, 1)
    assert result["samples"] > 10


def test_several_events(tmp_path: Path) -> None:
    events = ["cpu-clock", "page-faults", "context-switches"]
    options = [word for event in events for word in ("-e", event)]
    result = recorded(tmp_path, *options, "--", "sh", "-c", BURN)
    assert result["events"] == events
    assert result["samples"] > 0


def test_the_recording_path_stays_light(tmp_path: Path) -> None:
    program = """
import sys
from riostat.commands.main import run
code = run(["profile", "record", "-d", "0.1", "--", "true"])
heavy = {"numpy", "numba", "rich", "msgspec", "elftools", "shutil", "subprocess", "asyncio"}
print(*(heavy & sys.modules.keys()) - {"shutil"})
sys.exit(code)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr


def test_a_command_has_the_standard_streams_and_its_status_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [*RECORD, "--", "sh", "-c", "cat; echo wrong >&2; exit 3"],
        input="through",
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )
    assert (done.returncode, done.stdout) == (0, "through")
    assert "wrong" in done.stderr.splitlines()
    assert "The command ended with exit status 3." in done.stderr.splitlines()
    killed = record(tmp_path, "--", "sh", "-c", "kill -9 $$")
    assert "The command was ended by signal 9." in killed.stderr.splitlines()


def test_a_duration_ends_a_command(tmp_path: Path) -> None:
    result = recorded(tmp_path, "-d", "0.3", "--", "sleep", "1000")
    assert result["command_status"] == -signal.SIGTERM
    assert result["seconds"] >= 0.3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--", "no-such-program"], "There is no program 'no-such-program' to record"),
        (["-e", "nonsense", "-d", "1"], "There is no event 'nonsense'"),
        (["-F", "999999", "-d", "1"], "999999 samples a second are more than this kernel takes"),
        (["-o", "a b", "-d", "1"], "'a b' cannot be the name of a run"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_changes_nothing(
    tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    assert refusal(record(tmp_path, *arguments)).startswith(sentence)
    assert runs(tmp_path) == []


@pytest.mark.parametrize(
    "arguments",
    [["-F", "99", "-c", "1"], ["-F", "0"], ["-c", "0"], ["-d", "0"], ["-d", "nan"], ["-d", "inf"]],
)
def test_wrong_usage_is_2(tmp_path: Path, arguments: list[str]) -> None:
    done = record(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Error: " in done.stderr
    assert runs(tmp_path) == []


def test_a_run_that_exists_is_left_alone(tmp_path: Path) -> None:
    assert record(tmp_path, "-o", "mine", "-d", "0.01").returncode == 0
    before = sorted(path.stat().st_mtime_ns for path in (tmp_path / "runs/mine").iterdir())
    for name in ("mine", f"{tmp_path}/runs/mine"):
        assert "exists already" in refusal(record(tmp_path, "-o", name, "-d", "0.01"))
    after = sorted(path.stat().st_mtime_ns for path in (tmp_path / "runs/mine").iterdir())
    assert after == before


def test_a_program_that_cannot_be_executed_leaves_no_run(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF, but not really")
    broken.chmod(0o755)
    assert "cannot be executed" in refusal(record(tmp_path, "--", str(broken)))
    assert runs(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("command", [[], ["--", "sleep", "1000"]])
def test_a_signal_ends_the_recording_cleanly(
    tmp_path: Path, number: int, command: list[str]
) -> None:
    with subprocess.Popen(
        [*RECORD, *command], stderr=subprocess.PIPE, text=True, env=environment(tmp_path)
    ) as process:
        until(lambda: recording(tmp_path))
        process.send_signal(number)
        said = process.communicate()[1]
    assert process.returncode == 0, said
    assert ("The command was ended by signal 15." in said) == bool(command)
    (path,) = runs(tmp_path)
    run = Run.open(path)
    assert run.state().complete
    assert run.events()[-1].fields["ended_by"] == "signal"


AT_A_TERMINAL = """
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
try:
    while part := os.read(terminal, 4096):
        said += part
        if b"ready" in part:
            os.write(terminal, b"\\x03")
except OSError:
    pass  # how a terminal says that its last process has ended
sys.stdout.write(said.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_what_is_typed_at_the_terminal_is_the_commands(tmp_path: Path) -> None:
    script = "trap 'exit 7' INT; echo ready; while :; do sleep 0.05; done"
    command = [*RECORD, "-o", "typed", "--", "sh", "-c", script]
    done = subprocess.run(
        [sys.executable, "-c", AT_A_TERMINAL, *command],
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert "The command ended with exit status 7." in done.stdout
    assert Run.open(tmp_path / "runs/typed").events()[-1].fields["ended_by"] == "command"


def test_a_killed_recorder_leaves_a_readable_run(tmp_path: Path) -> None:
    with subprocess.Popen([*RECORD, "-F", "999"], env=environment(tmp_path)) as process:
        until(lambda: recording(tmp_path) and bool(_snapshot(tmp_path)))
        process.kill()
    (path,) = runs(tmp_path)
    run = Run.open(path)
    assert not run.state().complete
    assert run.events()[0].name == "started"
    assert process.pid in {p.pid for p in parse_snapshot(run.artefact("processes"))}


def _snapshot(data: Path) -> bytes:
    (path,) = runs(data)
    return Run.open(path).artefact("processes")


@needs_root
def test_a_full_disk_is_one_sentence_and_a_readable_run(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", disk], check=True)
    try:
        done = record(
            tmp_path,
            "-F",
            "4000",
            "-o",
            f"{disk}/full",
            "--",
            "sh",
            "-c",
            f"while :; do {BURN}; done",
        )
        assert refusal(done).startswith("There is no room for the run's file ")
        run = Run.open(disk / "full")
        assert [event.name for event in run.events()] == ["started"]
        assert run.artefact("recording")
        state = run.state()
        assert not state.complete
        assert next(c.count for c in state.channels if c.name == "profile") > 0
        assert run.damage == ()
    finally:
        subprocess.run(["umount", disk], check=True)


@needs_root
def test_a_cgroup_of_its_own_is_a_container(tmp_path: Path) -> None:
    mount = cgroup_mount()
    if mount is None:
        pytest.skip("no unified cgroup hierarchy is mounted")
    cgroup = mount / f"riostat-test-{os.getpid()}"
    script = f"mkdir {cgroup}; echo $$ > {cgroup}/cgroup.procs; {BURN}"
    try:
        result = recorded(tmp_path, "-e", "cpu-clock", "--", "sh", "-c", script)
    finally:
        cgroup.rmdir()
    domains = {domain["name"]: domain for domain in result["domains"]}
    assert domains[cgroup.name]["kind"] == "container"
    assert domains[cgroup.name]["samples"] > 0


@needs_root
def test_without_rights_a_command_is_recorded_alone_or_refused(tmp_path: Path) -> None:
    for path in (tmp_path.parent.parent, tmp_path.parent, tmp_path):
        path.chmod(0o755)
    os.chown(tmp_path, NOBODY, NOBODY)
    command = [*RECORD, "--json", "-e", "cpu-clock", "-F", "999", "--", "sh", "-c", BURN]
    done = subprocess.run(
        unprivileged(command),
        capture_output=True,
        text=True,
        check=False,
        env=environment(tmp_path) | {"HOME": str(tmp_path)},
    )
    if done.returncode == 1:
        assert "kernel.perf_event_paranoid" in refusal(done)
        return
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["samples"] > 0
    assert result["restriction"] is None or "Only the command" in result["restriction"]
