"""The guests' Python, compiled by itself."""

from pathlib import Path

import pytest

from riostat.testbed.image.python import LIBRARY, compile_library, library_extensions
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.sets import PYTHON


@pytest.mark.guest
def test_the_same_bytes_come_out_wherever_it_is_compiled(
    tmp_path: Path, guest_packages: PackageCache
) -> None:
    tree = guest_packages.tree(PYTHON)
    one = compile_library(tree, tmp_path / "one")
    other = compile_library(tree, tmp_path / "a longer way" / "other")
    assert one == other
    names = {path.removeprefix(f"{LIBRARY}/") for path in one}
    assert {"os.pyc", "json/__init__.pyc", "asyncio/tasks.pyc", "encodings/utf_8.pyc"} <= names
    assert not names & {"ssl.pyc", "pdb.pyc", "test/support/__init__.pyc"}
    assert all(path.endswith(".pyc") for path in one)
    assert not any(str(tmp_path).encode() in content for content in one.values())
    extensions = {Path(path).name.partition(".")[0] for path in library_extensions(tree)}
    assert "_ctypes" in extensions
    assert not extensions & {"_ssl", "_sqlite3", "_testcapi"}
    assert all(content[4:8] == b"\1\0\0\0" for content in one.values())  # PEP 552: never checked
