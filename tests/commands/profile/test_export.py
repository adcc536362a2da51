"""riostat profile export, as its user runs it."""

import json
import resource
from pathlib import Path

import pytest

from tests.commands.profile.invoking import refusal, riostat
from tests.profiler.profiles import Hit, make_run

_FORMATS = ("folded", "speedscope", "perf-script")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    make_run(tmp_path / "runs", [Hit(k / 10, (k % 3, 0)) for k in range(10)])
    return tmp_path


@pytest.mark.parametrize("form", _FORMATS)
def test_a_file_holds_what_standard_output_does(data: Path, form: str) -> None:
    printed = riostat(data, "export", "latest", "--to", form)
    assert (printed.returncode, printed.stderr) == (0, "")
    done = riostat(data, "export", "latest", "--to", form, "-o", "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "wrote out\n")
    assert (data / "out").read_text() == printed.stdout != ""


def test_each_format_is_its_own(data: Path) -> None:
    folded, speedscope, script = (
        riostat(data, "export", "latest@0.5..", "--to", form).stdout for form in _FORMATS
    )
    assert len(folded.splitlines()) == 3
    assert len(json.loads(speedscope)["profiles"][0]["samples"]) == 5
    assert script.count("cpu-clock: \n") == 5


def test_an_existing_file_is_left_alone(data: Path) -> None:
    (data / "out").write_text("mine")
    done = riostat(data, "export", "latest", "--to", "folded", "-o", "out")
    assert "exists already" in refusal(done)
    assert (data / "out").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_refused(data: Path) -> None:
    done = riostat(data, "export", "latest", "--to", "folded", "-o", "nowhere/out")
    assert "cannot be written (No such file or directory)" in refusal(done)


def test_a_file_that_cannot_be_finished_is_removed(data: Path) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limit[1]))
    try:
        done = riostat(data, "export", "latest", "--to", "speedscope", "-o", "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert "cannot be written (File too large)" in refusal(done)
    assert not (data / "out").exists()
