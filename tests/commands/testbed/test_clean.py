"""riostat testbed clean: what goes, what is said of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.testbed.folders import new_machine_folder
from riostat.testbed.marks import new_mark
from riostat.testbed.ownership import Owner
from tests.testbed.rights import as_nobody, needs_root


@pytest.fixture
def left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a machine whose owner is dead."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        owner = Owner.of(process.pid)
    return new_machine_folder("guest", owner)


def clean(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "riostat", "testbed", "clean", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_removes_and_says_so(left: Path) -> None:
    living = new_machine_folder("guest", Owner.of(os.getpid()))
    done = clean()
    assert done.returncode == 0
    assert f"removed folder {left}\n" in done.stdout
    assert not left.exists()
    assert living.exists()


def test_programs_are_told_too(left: Path) -> None:
    rows = json.loads(clean("--json").stdout)
    assert {"kind": "folder", "path": str(left), "problem": None} in rows


def test_without_leftovers_it_says_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    clean()  # other tests may have left something by now, as they are meant to
    assert json.loads(clean("--json").stdout) == []


@pytest.mark.root
@needs_root
def test_what_cannot_be_removed_is_named(left: Path) -> None:
    dead = Owner.parse((left / "owner").read_text())
    namespace = new_mark(dead)
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    done = as_nobody(sys.executable, "-m", "riostat", "testbed", "clean")
    assert f"network namespace /run/netns/{namespace} stays: [Errno 13] " in done.stdout
    assert done.returncode == 1
    assert f"removed network namespace /run/netns/{namespace}\n" in clean().stdout
