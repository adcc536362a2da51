"""Writing a run: whole frames or none, whatever happens to the process or the disk."""

import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import RunError, RunFullError
from riostat.core.framefile import FrameFile
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter, is_being_written

WRITE_FOREVER = """
import sys
from pathlib import Path
from riostat.core.channels import ChannelKind
from riostat.core.writer import RunWriter

writer = RunWriter.create(Path(sys.argv[1]), writer="test", run_id=sys.argv[2])
channel = writer.channel("numbers", ChannelKind.SAMPLES, encoding="test")
print("started", flush=True)
number = 0
while True:
    writer.samples(channel, (number.to_bytes(8, "little"), bytes(number % 5000)))
    number += 1
"""


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    return RunDirectory(tmp_path).create(command=["test"], clock=SYSTEM_CLOCK, name="run")[1]


def numbers(run: Run) -> list[int]:
    return [int.from_bytes(frame.payload[:8], "little") for frame in run.frames()]


def test_a_killed_writer_leaves_a_readable_run(run_path: Path) -> None:
    randomness = random.Random(1)
    for attempt in range(20):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE_FOREVER, run_path, "run"], stdout=subprocess.PIPE
        )
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(randomness.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        run = Run.open(run_path)
        found = numbers(run)
        assert found == list(range(len(found))), f"attempt {attempt}"
        assert not run.state().complete
        for file in run.files():
            file.unlink()


def test_a_full_disk_costs_only_the_frame_that_does_not_fit(run_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = RunWriter.create(run_path, writer="test", run_id="run")
    channel = writer.channel("numbers", ChannelKind.SAMPLES, encoding="test")
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        written = 14
        for number in range(written):
            writer.samples(channel, (number.to_bytes(8, "little"), bytes(632)))
        with pytest.raises(RunFullError, match=r"no room .* stays readable"):
            writer.samples(channel, (bytes(8), bytes(632)))
        assert numbers(Run.open(run_path)) == list(range(written))
        assert writer.path.stat().st_size == writer.bytes_written
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    writer.samples(channel, (written.to_bytes(8, "little"),))
    writer.close()
    run = Run.open(run_path)
    assert numbers(run) == list(range(written + 1))
    assert run.state().complete


def test_an_error_inside_leaves_the_run_incomplete(run_path: Path) -> None:
    with (
        pytest.raises(KeyError),
        RunWriter.create(run_path, writer="test", run_id="run"),
    ):
        raise KeyError
    assert not Run.open(run_path).state().complete


def test_a_file_is_marked_while_it_is_written(run_path: Path) -> None:
    writer = RunWriter.create(run_path, writer="test", run_id="run")
    assert is_being_written(writer.path)
    assert Run.open(run_path).state().recording
    writer.close()
    writer.close()
    assert not is_being_written(writer.path)
    assert not is_being_written(run_path / "absent")


def test_one_process_has_one_file_for_a_writer(run_path: Path) -> None:
    with (
        RunWriter.create(run_path, writer="test", run_id="run"),
        pytest.raises(RunError, match="cannot be made"),
    ):
        RunWriter.create(run_path, writer="test", run_id="run")


def test_a_large_artefact_is_written_in_parts(run_path: Path) -> None:
    data = random.Random(2).randbytes(9_000_001)
    with RunWriter.create(run_path, writer="test", run_id="run") as writer:
        channel = writer.channel("things", ChannelKind.ARTEFACT)
        writer.artefact(channel, "empty", b"")
        writer.artefact(channel, "old", b"first")
        writer.artefact(channel, "old", b"second")
        writer.artefact(channel, "large", data)
    run = Run.open(run_path)
    assert run.artefact("large") == data
    assert run.artefact("old") == b"second"
    assert run.artefact("empty") == run.artefact("absent") == b""


def test_the_recording_path_is_light() -> None:
    code = "import sys, riostat.core.writer, riostat.core.runs; print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert not {"numpy", "numba", "msgspec", "rich", "click"} & set(output.decode().split())


def test_a_closed_file_is_read_no_further(run_path: Path) -> None:
    writer = RunWriter.create(run_path, writer="test", run_id="run")
    writer.close()
    with writer.path.open("ab") as file:
        file.write(b"more")
    file_reader = FrameFile(writer.path, "run")
    assert list(file_reader.frames()) == []
    assert file_reader.closed
    assert file_reader.unread_bytes == 4
