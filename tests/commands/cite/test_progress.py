"""Progress bars are for terminals."""

import os
import pty
import subprocess
import sys

import pytest

from riostat.commands.cite.progress import progress_bar

SHOWS = """
from riostat.commands.cite.progress import progress_bar
with progress_bar() as bar:
    bar.advance(bar.add_task("reading", total=3, words="2 added"), 3)
"""


def test_a_bar_is_shown_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-c", SHOWS], stderr=theirs, check=True, env=os.environ | {"TERM": "xterm"}
    )
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    os.close(theirs)
    assert "reading" in shown
    assert "3/3" in shown
    assert "2 added" in shown


def test_nothing_is_shown_elsewhere(capfd: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as bar:
        bar.advance(bar.add_task("reading", total=3, words=""), 3)
    assert capfd.readouterr().err.strip() == ""
