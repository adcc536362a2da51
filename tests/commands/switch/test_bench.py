"""`riostat switch bench`, as a person and as a program run it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.run import Run
from tests.profiler.rights import needs_root

# The system calls, whose share holds that of all they call.
_MAPPING = {"ksys_mmap_pgoff", "__x64_sys_munmap", "__arm64_sys_munmap"}
_NAMES = {"baseline", "multiqueue", "reuse", "both", "copy", "map_batch", "memcpy"}


def _bench(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "riostat", "switch", "bench", "--data", str(data)]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def test_the_result_is_in_the_run_and_on_standard_output(data: Path) -> None:
    arguments = ("--guests", "2", "--frames", "2000", "--repetitions", "1", "--json")
    ended = _bench(data, *arguments)
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert result["guests"] == 2
    assert {size: set(rows) for size, rows in result["frames"].items()} == {
        "64": _NAMES,
        "1500": _NAMES,
    }
    for rows in result["frames"].values():
        for name in _NAMES - {"memcpy"}:
            assert (rows[name]["frames"], rows[name]["corrupt"]) == (2000, 0)
            assert rows[name]["dropped"] == 0
            assert rows[name]["spans"][0].startswith(f"{result['run']}@")
    run = Run.open(data / "runs" / result["run"])
    assert json.loads(run.artefact("switch-bench.json")) == result
    assert run.state().complete


def test_a_person_gets_a_table(data: Path) -> None:
    ended = _bench(data, "--guests=1", "--frames=500", "--repetitions=1", "--frame=64")
    assert ended.returncode == 0, ended.stderr
    assert "1 guests on CPU" in ended.stdout
    assert "memcpy" in ended.stdout


def test_the_configurations_can_be_chosen(data: Path) -> None:
    from riostat.commands.switch import bench
    from riostat.switch.bench.configurations import CONFIGURATIONS

    assert [each.name for each in CONFIGURATIONS] == list(bench._NAMES)
    arguments = ("--guests=1", "--frames=500", "--repetitions=1", "--frame=64", "--json")
    ended = _bench(data, *arguments, "--configuration=both,copy")
    assert ended.returncode == 0, ended.stderr
    assert set(json.loads(ended.stdout)["frames"]["64"]) == {"both", "copy", "memcpy"}
    assert _bench(data, "--configuration=fast").returncode == 2


@pytest.mark.parametrize("value", ["a", "20", "1515", "64,,"])
def test_sizes_that_are_none_are_wrong_usage(data: Path, value: str) -> None:
    assert _bench(data, "--frame", value).returncode == 2


def _costs(data: Path, span: str, pid: int) -> dict[str, float]:
    """CPU time in ns per frame of each function in a process, in a span of a run."""
    command = [sys.executable, "-m", "riostat", "profile", "report", span, "--data", str(data)]
    ended = subprocess.run(
        [*command, "--per=frame", "--by=pid,symbol", "--children", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report["cost"]["per"] == "frame"
    return {row["symbol"]: row["cost"] for row in report["rows"] if row["pid"] == str(pid)}


@needs_root
def test_mapping_is_seen_per_frame_and_gone_with_reuse(data: Path) -> None:
    ended = _bench(data, "--guests=1", "--frame=1500", "--repetitions=1", "--profile", "--json")
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    rows, pid = result["frames"]["1500"], result["driver_domain_pid"]

    def mapping_ns(configuration: str) -> float:
        costs = _costs(data, rows[configuration]["spans"][0], pid)
        return sum(cost for symbol, cost in costs.items() if symbol in _MAPPING)

    assert mapping_ns("baseline") > 1000
    assert mapping_ns("reuse") < 10
    assert mapping_ns("both") < 10
