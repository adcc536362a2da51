"""The list of runs is what the data directory holds, and is read again when that changes."""

from pathlib import Path

import pytest

from riostat.console.runs import RunCatalogue
from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import RunError, RunNotFoundError
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter


@pytest.fixture
def directory(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "runs")


@pytest.fixture
def catalogue(directory: RunDirectory) -> RunCatalogue:
    return RunCatalogue(directory)


def written(directory: RunDirectory, name: str, *, rolling: bool = False) -> RunWriter:
    run_id, path = directory.create(
        command=("riostat", "a b"), clock=SYSTEM_CLOCK, name=name, rolling=rolling
    )
    return RunWriter.create(path, writer="test", run_id=run_id)


def test_nothing_is_listed_where_nothing_is(catalogue: RunCatalogue) -> None:
    assert catalogue.summaries() == ([], [])
    assert catalogue.count() == 0


def test_a_run_that_grows_is_read_again(directory: RunDirectory, catalogue: RunCatalogue) -> None:
    with written(directory, "one") as writer:
        channel = writer.channel("rate", ChannelKind.SERIES, unit="1/s")
        first = catalogue.detail("one")
        assert (first.complete, first.recording, first.channels[0].count) == (False, True, 0)
        writer.series(channel, [(1, 2.0), (3, 4.0)])
        assert catalogue.detail("one").channels[0].count == 2
    last = catalogue.detail("one")
    assert (last.complete, last.recording) == (True, False)
    assert last.bytes > first.bytes
    assert last.command == "riostat 'a b'"
    assert last.href == "/runs/one"


def test_a_killed_recorder_leaves_an_incomplete_run(
    directory: RunDirectory, catalogue: RunCatalogue
) -> None:
    writer = written(directory, "one")
    assert catalogue.detail("one").recording
    writer.abandon()
    detail = catalogue.detail("one")
    assert (detail.complete, detail.recording) == (False, False)


def test_rolling_runs_can_be_left_out(directory: RunDirectory, catalogue: RunCatalogue) -> None:
    written(directory, "a").close()
    written(directory, "b", rolling=True).close()
    assert [run.id for run in catalogue.summaries()[0]] == ["b", "a"]
    assert [run.id for run in catalogue.summaries(rolling=False)[0]] == ["a"]


def test_the_newest_come_first_and_can_be_all_that_is_asked_for(
    directory: RunDirectory, catalogue: RunCatalogue
) -> None:
    for name in ("c", "a", "b"):
        written(directory, name).close()
    assert [run.id for run in catalogue.summaries()[0]] == ["b", "a", "c"]
    assert [run.id for run in catalogue.summaries(most=2)[0]] == ["b", "a"]


def test_a_damaged_run_is_a_sentence_beside_the_others(
    directory: RunDirectory, catalogue: RunCatalogue
) -> None:
    written(directory, "good").close()
    written(directory, "bad").close()
    (directory.root / "bad" / "manifest.json").write_text("{}")
    summaries, problems = catalogue.summaries()
    assert [run.id for run in summaries] == ["good"]
    assert len(problems) == 1
    assert problems[0].endswith(".")


@pytest.mark.parametrize(
    "reference", ["", ".", "..", "/etc", "../runs/one", "one/", "\0", "a" * 5000, "\udcff", "o\nne"]
)
def test_only_names_are_references(
    directory: RunDirectory, catalogue: RunCatalogue, reference: str
) -> None:
    written(directory, "one").close()
    with pytest.raises(RunNotFoundError):
        catalogue.find(reference)


def test_a_path_to_a_run_is_no_reference(
    directory: RunDirectory, catalogue: RunCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(directory, "one").close()
    monkeypatch.chdir(directory.root)
    for reference in (str(directory.root / "one"), "./one", "one/"):
        assert directory.find(reference).samefile(directory.root / "one")
        with pytest.raises(RunNotFoundError):
            catalogue.find(reference)


def test_a_beginning_is_enough_and_the_signature_follows_the_files(
    directory: RunDirectory, catalogue: RunCatalogue
) -> None:
    writer = written(directory, "one")
    path = catalogue.find("on")
    first = catalogue.signature(path)
    assert catalogue.signature(path) == first
    writer.close()
    assert catalogue.signature(path) != first
    with pytest.raises(RunError):
        catalogue.signature(path / "absent")
