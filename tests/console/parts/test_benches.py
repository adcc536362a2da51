"""The last bench: found in the newest run that holds one, with ratios to its baseline."""

from pathlib import Path

import pytest

from riostat.console.parts.benches import BENCH_ARTEFACT, BENCH_CHANNEL, last_bench
from riostat.console.runs import RunCatalogue
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.runs import RunDirectory
from riostat.core.seriesfile import SeriesFile

BENCH = (
    b'{"guests": 2, "placement": "one core", "frames": {'
    b'"1500": {"baseline": {"mpps": 0.1, "gbps": 1.2, "corrupt": 0, "dropped": 0},'
    b' "both": {"mpps": 1.0, "gbps": 12.0, "corrupt": 0, "dropped": 3},'
    b' "memcpy": {"gbps": 300.0}},'
    b'"64": {"baseline": {"mpps": 0.2, "gbps": 0.1, "corrupt": 0, "dropped": 0}}}}'
)


def run_with(runs: RunDirectory, name: str, bench: bytes | None) -> None:
    _, path = runs.create(command=["riostat"], clock=SYSTEM_CLOCK, name=name)
    with SeriesFile(path, "bench", None, SYSTEM_CLOCK) as file:
        if bench is None:
            file.event("other", 1, "something", {})
        else:
            file.artefact(BENCH_CHANNEL, BENCH_ARTEFACT, bench)


@pytest.fixture
def runs(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path)


def test_no_run_holds_one(runs: RunDirectory) -> None:
    run_with(runs, "other", None)
    assert last_bench(RunCatalogue(runs)) is None


def test_the_newest_one_is_shown_with_its_ratios(runs: RunDirectory) -> None:
    run_with(runs, "old", BENCH.replace(b"12.0", b"6.0"))
    run_with(runs, "new", BENCH)
    run_with(runs, "other", None)
    bench = last_bench(RunCatalogue(runs))
    assert bench is not None
    assert (bench.run, bench.href, bench.guests, bench.problem) == ("new", "/runs/new", 2, None)
    assert [size.frame_bytes for size in bench.sizes] == [64, 1500]
    rows = {row.name: row for row in bench.sizes[1].rows}
    assert list(rows) == ["baseline", "both", "memcpy"]
    assert rows["both"].ratio == pytest.approx(10)
    assert rows["both"].share == 1.0
    assert rows["baseline"].share == pytest.approx(0.1)
    assert (rows["memcpy"].mpps, rows["memcpy"].share) == (None, None)


@pytest.mark.parametrize("bench", [b"", b"[]", b'{"guests": 1, "frames": {"x": {}}}', b"[" * 9999])
def test_one_that_cannot_be_read_is_a_sentence(runs: RunDirectory, bench: bytes) -> None:
    run_with(runs, "odd", bench)
    found = last_bench(RunCatalogue(runs))
    assert found is not None
    assert found.sizes == []
    assert found.problem is not None
    assert "cannot be read" in found.problem
