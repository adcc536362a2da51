"""Runs in one file."""

import json
import subprocess
from pathlib import Path

import pytest

from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import RunError
from riostat.core.export import export_archive, export_lines
from riostat.core.histogram import LogHistogram
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run_id, path = RunDirectory(tmp_path / "runs").create(command=["test"], clock=SYSTEM_CLOCK)
    opened = Run.open(path)
    start = opened.started_ns
    histogram = LogHistogram()
    histogram.record_many([1, 2, 3])
    with RunWriter.create(path, writer="test", run_id=run_id) as writer:
        writer.series(writer.channel("rate", ChannelKind.SERIES), [(start + 10**9, 2.5)])
        events = writer.channel("events", ChannelKind.EVENT)
        writer.event(events, start + 2 * 10**9, "attached", {"guest": "web"})
        delays = writer.channel("delay", ChannelKind.HISTOGRAM)
        writer.histogram(delays, start + 3 * 10**9, histogram.encode())
        writer.histogram(delays, start + 4 * 10**9, LogHistogram().encode())
        writer.histogram(delays, start, b"foreign")
    return opened


def test_an_unpacked_archive_reads_like_the_run(run: Run, tmp_path: Path) -> None:
    export_archive(run, tmp_path / "run.tar.gz")
    (tmp_path / "elsewhere").mkdir()
    unpack = ["tar", "-C", str(tmp_path / "elsewhere"), "-xzf", str(tmp_path / "run.tar.gz")]
    subprocess.run(unpack, check=True)
    copy = Run.open(tmp_path / "elsewhere" / run.id)
    assert [f.payload for f in copy.frames()] == [f.payload for f in run.frames()]
    assert copy.state().complete


def test_lines(run: Run, tmp_path: Path) -> None:
    export_lines(run, tmp_path / "run.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert lines == [
        {"channel": "rate", "time_s": 1.0, "value": 2.5},
        {"channel": "events", "time_s": 2.0, "name": "attached", "fields": {"guest": "web"}},
        {"channel": "delay", "time_s": 3.0, "count": 3, "p50": 2, "p90": 2, "p99": 2, "p99.9": 2},
        {"channel": "delay", "time_s": 4.0, "count": 0},
    ]


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_text("precious")
    with pytest.raises(RunError, match="exists already"):
        export_archive(run, path)
    with pytest.raises(RunError, match="cannot be written"):
        export_lines(run, tmp_path / "absent" / "file")
    assert path.read_text() == "precious"
