"""The cache of packages: filled once, by one process at a time, whole or not at all."""

from pathlib import Path

import pytest

from riostat.core.errors import PackageError
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.sets import PackageSet
from tests.testbed.packages.debs import file, link, make_deb

SET = PackageSet("tools", ("tool", "lib*"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    make_deb(folder, "tool", [file("./usr/bin/tool", b"#!/bin/sh\n", 0o4755)], version="1.0")
    make_deb(folder, "tool", [file("./usr/bin/tool", b"#!/bin/ash\n", 0o4755)], version="1.0~rc1")
    make_deb(folder, "libtool", [file("./lib/a.so.1", b"a"), link("./lib/a.so", "/lib/a.so.1")])
    return folder


def test_a_set_is_unpacked_once_and_then_needs_no_source(tmp_path: Path, source: Path) -> None:
    said: list[str] = []
    tree = PackageCache(tmp_path / "cache", source=source, progress=said.append).tree(SET)
    assert tree.read("usr/bin/tool") == b"#!/bin/sh\n"
    assert tree.read("/lib/a.so") == b"a"
    assert (tree.root / "usr/bin/tool").stat().st_mode & 0o7777 == 0o755
    assert said
    for path in source.iterdir():
        path.unlink()
    again = PackageCache(tmp_path / "cache").tree(SET)
    assert (again.root, again.key) == (tree.root, tree.key)


def test_what_is_damaged_is_unpacked_anew_from_the_kept_packages(
    tmp_path: Path, source: Path
) -> None:
    cache = PackageCache(tmp_path / "cache", source=source)
    path = cache.unpacked(SET) / "usr/bin/tool"
    for path_of_source in source.iterdir():
        path_of_source.unlink()
    path.write_bytes(b"#!/bin/ed\n")
    assert PackageCache(tmp_path / "cache").tree(SET).read("usr/bin/tool") == b"#!/bin/sh\n"
    path.unlink()
    assert PackageCache(tmp_path / "cache").tree(SET).read("usr/bin/tool") == b"#!/bin/sh\n"


def test_a_package_that_the_folder_lacks_is_named(tmp_path: Path, source: Path) -> None:
    cache = PackageCache(tmp_path / "cache", source=source)
    with pytest.raises(PackageError, match=r"has no package other; copy its file there"):
        cache.tree(PackageSet("more", ("tool", "other")))
