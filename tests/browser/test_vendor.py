"""Vendored files are what their README says, and all of them have a licence beside them."""

import hashlib
import re
from pathlib import Path

import riostat.console

_VENDOR = Path(riostat.console.__file__).parent / "static" / "vendor"


def test_the_files_are_those_of_the_readme() -> None:
    readme = (_VENDOR / "README.md").read_text()
    written = {
        name: digest
        for digest, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", readme, re.MULTILINE)
    }
    there = {
        str(path.relative_to(_VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in _VENDOR.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert there == written


def test_every_folder_has_its_licence_and_a_row() -> None:
    readme = (_VENDOR / "README.md").read_text()
    folders = [path for path in _VENDOR.iterdir() if path.is_dir()]
    assert folders
    for folder in folders:
        assert (folder / "LICENSE").is_file()
        assert f"| `{folder.name}` |" in readme
