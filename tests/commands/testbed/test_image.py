"""riostat testbed image."""

import json
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


@pytest.mark.guest
def test_a_kernel_and_an_initramfs_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    own.write_text("#!/bin/sh\n")
    arguments = [
        "--busybox",
        f"--add={own}:/bin/own",
        "--module=loop",
        f"--output={tmp_path / 'o'}",
    ]
    said = []
    for _ in range(2):
        assert run(["testbed", "image", *arguments, "--json"]) == 0
        said.append(json.loads(capsys.readouterr().out))
    assert said[0] == said[1]
    assert Path(said[0]["vmlinux"]).read_bytes().startswith(b"\x7fELF")
    initramfs = Path(said[0]["initramfs"]).read_bytes()
    assert b"lib/modules/loop.ko\0" in initramfs
    assert b"bin/own\0" in initramfs
    assert run(["testbed", "image", *arguments]) == 0
    assert f"wrote {tmp_path}/o/vmlinux (" in capsys.readouterr().err
