"""riostat profile report, as its user runs it."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.commands.profile.invoking import refusal, riostat
from tests.profiler.profiles import CONTAINER, Hit, function, make_run

_KEYS = ("domain", "process", "pid", "module", "symbol", "cpu", "mode")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    samples = [Hit(k / 100, (k % 4 // 3, 0), weight=1_000_000) for k in range(80)]
    guest = [Hit(k / 20, (2,), pid=2, cgroup=CONTAINER, weight=1_000_000) for k in range(20)]
    fallback = "cpu-clock was sampled instead of cycles."
    names = (b"a\x1b[31m\n[red]", b"b")
    make_run(tmp_path / "runs", samples + guest, names=names, lost=3, fallback=fallback)
    return tmp_path


def _json(data: Path, *arguments: str) -> dict[str, Any]:
    done = riostat(data, "report", "latest", "--json", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_json_is_as_the_contract_has_it(data: Path) -> None:
    report = _json(data, "--by", "domain,process,symbol")
    assert (report["event"], report["samples"], report["lost"]) == ("cpu-clock", 100, 3)
    assert report["notes"] == ["cpu-clock was sampled instead of cycles."]
    rows = report["rows"]
    assert all(
        list(row) == ["domain", "process", "symbol", "samples", "share", "low", "high"]
        for row in rows
    )
    assert [row["symbol"] for row in rows] == [function(0), function(1), function(2)]
    assert [row["samples"] for row in rows] == [60, 20, 20]
    assert [row["share"] for row in rows] == pytest.approx([0.6, 0.2, 0.2])
    assert all(0 < row["low"] < row["share"] < row["high"] < 1 for row in rows)
    assert rows[2]["domain"] == "5" * 12


@pytest.mark.parametrize("key", _KEYS)
def test_rows_have_only_the_keys_that_were_asked_for(data: Path, key: str) -> None:
    report = _json(data, "--by", key)
    assert all(set(row) == {key, "samples", "share", "low", "high"} for row in report["rows"])
    assert sum(row["share"] for row in report["rows"]) == pytest.approx(1)


def test_the_rest_completes_the_first_rows(data: Path) -> None:
    report = _json(data, "--top", "1", "--by", "symbol")
    assert len(report["rows"]) == 1
    assert report["rest"]["rows"] == 2
    assert report["rows"][0]["share"] + report["rest"]["share"] == pytest.approx(1)


def test_children_idle_and_costs(data: Path) -> None:
    callers = _json(data, "--children", "--by", "symbol")
    assert {row["symbol"]: row["samples"] for row in callers["rows"]} == {
        function(0): 80,
        function(1): 20,
        function(2): 20,
    }
    idle = _json(data, "--idle", "--by", "domain")
    assert idle["rows"][0]["domain"] == "[idle]"
    assert idle["rows"][0]["share"] == pytest.approx(0.5 / 0.6)
    costs = _json(data, "--per", "second", "--by", "symbol")
    assert costs["cost"] == {"per": "second", "unit": "CPU seconds"}
    assert costs["rows"][0]["cost"] == pytest.approx(0.06)


def test_a_span_has_its_own_shares(data: Path) -> None:
    done = riostat(data, "report", "latest@0.8..", "--by", "symbol", "--json")
    report = json.loads(done.stdout)
    assert [row["symbol"] for row in report["rows"]] == [function(2)]
    assert report["seconds"] == pytest.approx(0.2)


def test_the_table_says_what_a_reader_must_know_and_names_cannot_hurt(data: Path) -> None:
    done = riostat(data, "report", "latest")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        (
            "cpu-clock at 4000 Hz: 100 samples, 3 lost, 1.00 s on 2 CPUs, "
            "idle 0.50 of 2.00 CPU seconds"
        ),
        "cpu-clock was sampled instead of cycles.",
        "",
    ]
    assert re.split(r"  +", lines[3]) == [
        *("share %", "95 % interval", "samples", "domain", "process", "symbol"),
    ]
    name = r"a\x1b[31m\x0a[red]"
    assert [re.split(r"  +", line.strip())[2:] for line in lines[4:]] == [
        ["60", "host", name, function(0)],
        ["20", "host", name, function(1)],
        ["20", "5" * 12, "b", function(2)],
    ]
    assert len({line.index("f") for line in lines[4:]}) == 1


def test_an_empty_span_is_said_to_be_empty(data: Path) -> None:
    done = riostat(data, "report", "latest@0.991..0.992")
    assert done.returncode == 0
    assert done.stdout.endswith("\nNothing was sampled in this span.\n")
    assert _json(data, "--by", "symbol")["rows"]


def test_what_cannot_be_answered_is_refused_in_one_sentence(data: Path) -> None:
    def told(*arguments: str) -> str:
        return refusal(riostat(data, "report", *arguments))

    assert "There is no run" in told("elsewhere")
    assert "is no span of a run" in told("latest@2..1")
    assert "no samples of the event 'cycles'" in told("latest", "-e", "cycles")
    assert "no channel that counts frames" in told("latest", "--per", "frame")
    assert "cannot be grouped by 'colour'" in refusal(
        riostat(data, "report", "latest", "--by", "colour"), 2
    )


BURN_IN_A_KERNEL = """
import os, sys, time
from pathlib import Path
from riostat.core.kernelcache import import_kernels
from riostat.core.kernelsymbols import perf_map_of_kernels

import numpy as np
kernels = import_kernels("riostat.profiler.kernels", Path(sys.argv[1]))
known, multiplier = 20_000, np.uint64(0x9E3779B97F4A7C15)
offsets, frames = np.arange(known + 1), np.arange(known, dtype=np.uint64)
def burn():
    kernels.rehash(known, multiplier, np.full(1 << 16, -1, np.int32), offsets, frames)
burn()
path = f"/tmp/perf-{os.getpid()}.map"
Path(path).write_bytes(perf_map_of_kernels([kernels]))
print(path, flush=True)
end = time.monotonic() + 1
while time.monotonic() < end:
    burn()
"""


def test_code_that_was_compiled_at_run_time_has_its_names(tmp_path: Path) -> None:
    program = [sys.executable, "-c", BURN_IN_A_KERNEL, str(tmp_path / "kernels")]
    recorded = riostat(tmp_path, "record", "-o", "run", "-F", "999", "--", *program)
    Path(recorded.stdout.splitlines()[0]).unlink()
    rows = _json(tmp_path, "--by", "module,symbol")["rows"]
    compiled = {row["symbol"] for row in rows if row["module"] == "[jit]"}
    assert "profiler.kernels.rehash" in compiled
