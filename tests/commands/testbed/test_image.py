"""riostat testbed image."""

from pathlib import Path

import pytest

from riostat.commands.main import run


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--kernel=2.4"], 1, "No kernel is called '2.4'; choose 6.1-cloud, "),
        (["--add=tool"], 2, "'tool' is no FILE:PATH."),
        (["--packages=emacs"], 2, "'emacs' is none of linux-6.1-cloud, "),
    ],
)
def test_what_cannot_be_is_one_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    place = [f"--testbed={tmp_path / 'cache'}", f"--output={tmp_path / 'out'}"]
    assert run(["testbed", "image", *arguments, *place]) == code
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
