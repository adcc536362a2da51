"""The directory of runs: names, references, removal."""

import os
import time
from pathlib import Path

import pytest

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import RunError, RunNotFoundError
from riostat.core.manifest import MANIFEST_NAME
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter


def make(runs: RunDirectory, name: str | None = None) -> Path:
    return runs.create(command=["test"], clock=SYSTEM_CLOCK, name=name)[1]


def test_a_run_answers_to_its_name_its_beginning_its_path_and_latest(tmp_path: Path) -> None:
    runs = RunDirectory(tmp_path)
    older, newer = make(runs, "alpha"), make(runs, "beta")
    os.utime(older / MANIFEST_NAME, ns=(0, time.time_ns() - 10**9))
    assert runs.paths() == [older, newer]
    assert runs.find("alpha") == runs.find("al") == older
    assert runs.find("latest") == newer
    assert runs.find(f"{tmp_path}/beta") == newer


def test_names_are_made_of_the_time(tmp_path: Path) -> None:
    runs = RunDirectory(tmp_path)
    names = {make(runs).name for _ in range(5)}
    assert len(names) == 5


@pytest.mark.parametrize("reference", ["", "x", "a", "\0", "../up", "./\0", "latest ", "é"])
def test_what_answers_to_no_single_run_is_refused(tmp_path: Path, reference: str) -> None:
    runs = RunDirectory(tmp_path)
    make(runs, "ab")
    make(runs, "ac")
    with pytest.raises(RunNotFoundError):
        runs.find(reference)


@pytest.mark.parametrize("name", ["latest", ".hidden", "a b", "x" * 101, "a/../.."])
def test_names_that_could_mislead_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError):
        make(RunDirectory(tmp_path), name)
    assert list(tmp_path.iterdir()) == []


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    runs = RunDirectory(tmp_path)
    make(runs, "a")
    with pytest.raises(RunError, match="The run a exists already"):
        make(runs, "a")


def test_a_run_being_recorded_is_not_removed(tmp_path: Path) -> None:
    runs = RunDirectory(tmp_path)
    path = make(runs, "a")
    with (
        RunWriter.create(path, writer="host", run_id="a"),
        pytest.raises(RunError, match="is being recorded"),
    ):
        runs.removable("a")
    runs.remove(runs.removable("a"))
    assert runs.paths() == []
    assert list(tmp_path.iterdir()) == []


def test_what_was_interrupted_is_swept(tmp_path: Path) -> None:
    runs = RunDirectory(tmp_path)
    make(runs, "a").rename(tmp_path / ".removed-a-1")
    make(runs, "b").rename(tmp_path / ".draft-b-1")
    assert runs.paths() == []
    runs.sweep()
    assert list(tmp_path.iterdir()) == []
