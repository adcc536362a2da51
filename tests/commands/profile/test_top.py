"""riostat profile top, as its user runs it, with and without a terminal."""

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.commands.profile.invoking import refusal, riostat
from tests.profiler.rights import needs_root

pytestmark = needs_root

_TOP = [sys.executable, "-m", "riostat", "profile", "top"]


def _left_behind(data: Path) -> list[str]:
    return [path.name for path in data.iterdir() if path.name not in {"cache", "runs"}]


def test_every_second_is_an_object_of_the_report(tmp_path: Path) -> None:
    done = riostat(tmp_path, "top", "-d", "3.5", "--by", "process", "--top", "5", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) >= 2
    for report in reports:
        assert report["frequency_hz"] == 999
        assert len(report["rows"]) <= 5
        rows = [*report["rows"], *([report["rest"]] if "rest" in report else [])]
        assert sum(row["share"] for row in rows) == pytest.approx(1)
        assert report["seconds"] < 2.1
    assert _left_behind(tmp_path) == []
    assert list((tmp_path / "runs").iterdir()) == []


def test_without_a_terminal_it_prints_tables(tmp_path: Path) -> None:
    done = riostat(tmp_path, "top", "-d", "0.1", "-F", "499", "--by", "domain")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert " at 499 Hz: " in lines[0]
    assert any(line.split()[:1] == ["share"] for line in lines)
    assert not any("\x1b" in line for line in lines)


def test_ctrl_c_ends_it_on_a_terminal_and_restores_the_screen(tmp_path: Path) -> None:
    parent, child = pty.openpty()
    with subprocess.Popen(
        _TOP,
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
        env=os.environ | {"RIOSTAT_DATA": str(tmp_path), "TERM": "xterm"},
    ) as process:
        os.close(child)
        shown = b""
        while b"share %" not in shown:
            shown += os.read(parent, 1 << 16)
        os.killpg(process.pid, signal.SIGINT)
        with suppress(OSError):  # EIO: the terminal's other side is closed
            while part := os.read(parent, 1 << 16):
                shown += part
        assert process.wait(20) == 0
    os.close(parent)
    assert b"\x1b[?1049h" in shown
    assert b"\x1b[?1049l" in shown
    assert b"Traceback" not in shown
    assert _left_behind(tmp_path) == []


def test_a_key_that_is_none_is_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    assert "cannot be grouped by" in refusal(riostat(tmp_path, "top", "--by", "colour"), 2)
    assert _left_behind(tmp_path) == []
