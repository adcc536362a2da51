"""riostat runs, as its user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter


@pytest.fixture
def data(tmp_path: Path) -> Path:
    runs = RunDirectory(tmp_path / "runs")
    for name in ("alpha", "beta"):
        _, path = runs.create(command=["riostat", name], clock=SYSTEM_CLOCK, name=name)
        with RunWriter.create(path, writer="test", run_id=name) as writer:
            channel = writer.channel("rate", ChannelKind.SERIES, unit="Hz")
            writer.series(channel, [(1, 1.0), (2, 2.0)])
    return tmp_path


def riostat(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "riostat", "runs", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=data,
        env=os.environ | {"RIOSTAT_DATA": str(data)},
    )


def test_list(data: Path) -> None:
    runs = json.loads(riostat(data, "list", "--json").stdout)["runs"]
    assert [run["id"] for run in runs] == ["beta", "alpha"]
    assert runs[0].keys() >= {
        "id", "started", "seconds", "command", "channels", "bytes", "complete",
    }  # fmt: skip
    assert all(run["complete"] and run["channels"] == 1 for run in runs)
    lines = riostat(data, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["run", "beta", "alpha"]
    assert "complete" in lines[1]


def test_a_damaged_run_is_named_and_the_others_are_listed(data: Path) -> None:
    (data / "runs" / "beta" / "manifest.json").write_text("{")
    done = riostat(data, "list", "--json")
    assert [run["id"] for run in json.loads(done.stdout)["runs"]] == ["alpha"]
    assert done.returncode == 0
    assert done.stderr.startswith("riostat: The manifest ")
    assert done.stderr.count("\n") == 1


def test_show(data: Path) -> None:
    run = json.loads(riostat(data, "show", "al", "--json").stdout)
    assert run["id"] == "alpha"
    assert run["command"] == "riostat alpha"
    assert run["channels"] == [
        {"name": "rate", "kind": "series", "unit": "Hz", "encoding": "", "count": 2}
    ]
    text = riostat(data, "show", "alpha").stdout
    assert "riostat alpha" in text
    assert "rate" in text


def test_rm_removes_all_or_nothing(data: Path) -> None:
    done = riostat(data, "rm", "alpha", "absent")
    assert done.returncode == 1
    assert len(RunDirectory(data / "runs").paths()) == 2
    assert riostat(data, "rm", "alpha", "al", "beta").returncode == 0
    assert RunDirectory(data / "runs").paths() == []


def test_export(data: Path) -> None:
    assert riostat(data, "export", "alpha").returncode == 0
    assert (data / "alpha.tar.gz").stat().st_size > 0
    assert riostat(data, "export", "alpha", "--to", "jsonl").returncode == 0
    assert len((data / "alpha.jsonl").read_text().splitlines()) == 2
    again = riostat(data, "export", "alpha")
    assert again.returncode == 1
    assert again.stderr == (
        "riostat: The file alpha.tar.gz exists already; choose another with -o.\n"
    )


def test_an_empty_directory_says_what_to_do(tmp_path: Path) -> None:
    done = riostat(tmp_path, "list")
    assert done.stdout == ""
    assert done.stderr == "There is no run yet; `riostat profile record` makes one.\n"
    assert json.loads(riostat(tmp_path, "list", "--json").stdout) == {"runs": []}
