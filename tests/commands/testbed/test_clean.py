"""riostat testbed clean: what goes, what is said of it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.testbed.folders import new_machine_folder
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


def test_what_is_gone_is_not_named_again(left: Path) -> None:
    clean()
    rows = json.loads(clean("--json").stdout)  # with what other tests may have left meanwhile
    assert [row for row in rows if row["path"] == str(left)] == []


_CLEAN_WHAT_STAYS = """
import sys
from riostat.commands.main import run
from riostat.testbed.folders import new_machine_folder
from riostat.testbed.ownership import Owner
folder = new_machine_folder("guest", Owner(int(sys.argv[1]), int(sys.argv[2])))
folder.chmod(0o500)
code = run(["testbed", "clean"])
folder.chmod(0o700)
sys.exit(code)
"""


@pytest.mark.root
@needs_root
def test_what_cannot_be_removed_is_named(left: Path) -> None:
    dead = Owner.parse((left / "owner").read_text())
    assert dead is not None
    words = (str(dead.pid), str(dead.start_ticks))
    done = as_nobody(sys.executable, "-c", _CLEAN_WHAT_STAYS, *words)
    assert re.search(r"^folder \S+/guest-\w{4} stays: \[Errno 13\] ", done.stdout, re.MULTILINE)
    assert done.returncode == 1
