"""What long work of the testbed says, and to whom."""

import pytest

from riostat.commands.testbed.progress import progress_line


def test_nothing_is_said_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_line() as progress:
        progress("Downloading 1 package")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_shows_the_last_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_line() as progress:
        progress("Downloading [1] package")
    out, err = capsys.readouterr()
    assert out == ""
    assert "Downloading [1] package ..." in err
