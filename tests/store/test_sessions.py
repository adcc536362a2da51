"""Sessions live as long as their processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.errors import StoreError
from riostat.store.sessions import Session, dead_sessions, held_lock

_PROGRAM = """
import sys
from pathlib import Path
from riostat.store.sessions import Session
print(Session(Path(sys.argv[1])).name, flush=True)
sys.stdin.read()
"""


def test_a_session_dies_with_its_process(tmp_path: Path) -> None:
    mine = Session(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        with dead_sessions(tmp_path, [mine.name, name]) as dead:
            assert dead == []
        other.kill()
        other.wait()
    with dead_sessions(tmp_path, [mine.name, name, "without a file"]) as dead:
        assert sorted(dead) == sorted([name, "without a file"])
    mine.close()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        held_lock(path, shared=True),
        held_lock(path, shared=True),
        pytest.raises(StoreError, match="in use"),
        held_lock(path, refusal="in use"),
    ):
        pytest.fail("the lock was given twice")
    with held_lock(path, refusal="in use"):
        pass
