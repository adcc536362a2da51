"""riostat testbed packages."""

import json
from pathlib import Path

import pytest

from riostat.commands.main import run
from tests.testbed.packages.debs import file, make_deb


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    make_deb(folder, "busybox-static", [file("./bin/busybox", b"\x7fELF", 0o755)], version="1:2")
    return folder


def test_sets_come_from_a_folder_and_are_listed(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"--testbed={tmp_path / 'cache'}"
    assert run(["testbed", "packages", "busybox", f"--from={source}", place]) == 0
    out, err = capsys.readouterr()
    assert ["busybox", "1:2", "1"] in [line.split()[:3] for line in out.splitlines()]
    assert ["python", "no"] in [line.split() for line in out.splitlines()]
    assert err == ""
    assert run(["testbed", "packages", "--json", place]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["busybox"]["packages"][0]["version"] == "1:2"
    assert rows["busybox"]["origin"] == str(source)
    assert rows["python"]["packages"] == []


def test_a_newer_package_is_taken_only_when_asked(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = [f"--testbed={tmp_path / 'cache'}", f"--from={source}", "--json"]

    def version(*arguments: str) -> str:
        assert run(["testbed", "packages", *arguments, *place]) == 0
        rows = json.loads(capsys.readouterr().out)
        (busybox,) = (row for row in rows if row["name"] == "busybox")
        return str(busybox["packages"][0]["version"])

    assert version("busybox") == "1:2"
    make_deb(source, "busybox-static", [file("./bin/busybox", b"\x7fELF3", 0o755)], version="1:3")
    assert version("busybox") == "1:2"
    assert version("--update") == "1:3"
    assert version() == "1:3"
    kept = sorted(path.name for path in (tmp_path / "cache/packages/debs").iterdir())
    assert kept == ["busybox-static_1%3a3.deb"]
    assert len(list((tmp_path / "cache/packages/trees").iterdir())) == 1


def test_a_set_that_is_none_and_a_folder_that_lacks_it(
    tmp_path: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = [f"--testbed={tmp_path / 'cache'}", f"--from={source}"]
    assert run(["testbed", "packages", "emacs", *place]) == 2
    assert "'emacs' is none of linux-6.1-cloud, " in capsys.readouterr().err
    assert run(["testbed", "packages", "python", *place]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"riostat: The folder {source} has no package python3.11-minimal; copy")
    assert error.count("\n") == 1
