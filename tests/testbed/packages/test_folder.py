"""Packages that lie in a folder."""

from pathlib import Path

import pytest

from riostat.core.errors import PackageError
from riostat.testbed.packages.folder import PackageFolder
from riostat.testbed.packages.sets import PackageSet
from tests.testbed.packages.debs import file, make_deb


def test_the_newest_that_matches_is_copied(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    make_deb(source, "tool", [file("./a", b"1")], version="1.9")
    newest = make_deb(source, "tool", [file("./a", b"2")], version="1.10")
    newest.rename(source / "renamed.deb")
    (source / "readme.txt").write_text("no package")
    folder = PackageFolder(source, lambda _: None)
    (deb,) = debs = folder.find(PackageSet("a", ("t*l",), suite="backports"))
    assert deb.version == "1.10"
    folder.fetch(debs, target)
    assert (target / "tool_1.10.deb").read_bytes() == (source / "renamed.deb").read_bytes()


def test_a_folder_that_is_none_or_holds_a_bad_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"none cannot be read .*; give one that holds \.deb"):
        PackageFolder(tmp_path / "none", lambda _: None).find(PackageSet("a", ("tool",)))
    (tmp_path / "a.deb").write_bytes(b"!")
    with pytest.raises(PackageError, match=r"a\.deb is no Debian package"):
        PackageFolder(tmp_path, lambda _: None).find(PackageSet("a", ("tool",)))
