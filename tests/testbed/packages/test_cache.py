"""The cache of packages: filled once, by one process at a time, whole or not at all."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.errors import PackageError
from riostat.testbed.mounts import unmount
from riostat.testbed.packages.apt import Apt
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.folder import PackageFolder
from riostat.testbed.packages.sets import PackageSet
from tests.testbed.packages.debs import file, link, make_deb
from tests.testbed.packages.repositories import Repository
from tests.testbed.rights import needs_root

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


@pytest.mark.parametrize("place", ["sets/tools.json", "trees/*/listing", "debs/tool_1.0.deb"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100, None])
def test_whatever_of_the_cache_is_damaged_is_mended(
    tmp_path: Path, source: Path, place: str, content: bytes | None
) -> None:
    folder = tmp_path / "cache"
    tree = PackageCache(folder, source=source).tree(SET)
    (path,) = folder.glob(place)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    (tree.root / "lib/a.so.1").unlink()
    again = PackageCache(folder, source=source).tree(SET)
    assert again.read("usr/bin/tool") == b"#!/bin/sh\n"
    assert again.read("lib/a.so") == b"a"
    assert not list(folder.glob("making-*"))


def test_a_package_that_changes_on_its_way_is_refused(tmp_path: Path, source: Path) -> None:
    found = PackageFolder(source, lambda _: None)
    debs = found.find(SET)
    path = source / "libtool_1.0_amd64.deb"
    path.write_bytes(path.read_bytes() + b"\n")
    cache = PackageCache(tmp_path / "cache", source=source)
    cache._origin = found  # what it saw before the change
    with pytest.raises(PackageError, match=r"libtool that came from .* does not have the SHA-256"):
        cache.tree(SET)
    assert debs == found.find(SET)
    assert list((tmp_path / "cache/trees").iterdir()) == []


_USE = """
import sys
from pathlib import Path
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.sets import PackageSet
cache = PackageCache(Path(sys.argv[1]), source=Path(sys.argv[2]), progress=print)
for name in ("one", "two"):
    tree = cache.tree(PackageSet(name, ("tool", "lib*")))
    assert tree.read("usr/bin/tool") == b"#!/bin/sh\\n"
    assert tree.read("lib/big") == bytes(8 << 20)
"""


def _use(folder: Path, source: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-u", "-c", _USE, str(folder), str(source)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_processes_that_fill_it_at_once_do_it_once(tmp_path: Path, source: Path) -> None:
    make_deb(source, "libbig", [file("./lib/big", bytes(8 << 20))])
    for old in source.glob("libtool*"):
        old.unlink()
    users = [_use(tmp_path / "cache", source) for _ in range(4)]
    said = [user.communicate(timeout=60)[0] for user in users]
    assert [user.returncode for user in users] == [0] * 4, said
    assert sum(words.count("Unpacking one") for words in said) == 1


def test_processes_that_are_killed_leave_nothing_that_breaks_the_next(
    tmp_path: Path, source: Path
) -> None:
    make_deb(source, "libbig", [file("./lib/big", bytes(8 << 20))])
    for old in source.glob("libtool*"):
        old.unlink()
    folder = tmp_path / "cache"
    for count in range(1, 4):
        with _use(folder, source) as user:
            assert user.stdout is not None
            for _ in range(count):
                user.stdout.readline()
            user.kill()
    with _use(folder, source) as user:
        said, _ = user.communicate(timeout=60)
    assert user.returncode == 0, said
    assert not list(folder.glob("making-*"))


@pytest.mark.root
@needs_root
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, source: Path) -> None:
    make_deb(source, "libbig", [file("./lib/big", bytes(8 << 20))])
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "none", folder], check=True)
    try:
        cache = PackageCache(folder / "cache", source=source)
        with pytest.raises(PackageError, match=r"cannot be filled \(No space.*\); make room there"):
            cache.tree(PackageSet("big", ("libbig",)))
        assert not list((folder / "cache/trees").iterdir())
        assert not list((folder / "cache").glob("making-*"))
        assert cache.tree(PackageSet("small", ("tool",))).is_whole()
    finally:
        unmount(folder)


def test_a_cache_that_cannot_be_made_is_one_sentence(tmp_path: Path, source: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PackageError, match=r"cannot be filled \(Not a directory\); make it writ"):
        PackageCache(tmp_path / "file" / "cache", source=source).tree(SET)


def test_another_source_is_asked_only_when_it_is_named(tmp_path: Path, source: Path) -> None:
    folder = tmp_path / "cache"
    PackageCache(folder, source=source).tree(SET)
    other = tmp_path / "other"
    source.rename(other)
    make_deb(other, "tool", [file("./usr/bin/tool", b"#!/bin/dash\n", 0o755)], version="2")
    assert PackageCache(folder).tree(SET).read("usr/bin/tool") == b"#!/bin/sh\n"
    tree = PackageCache(folder, source=other).tree(SET)
    assert tree.read("usr/bin/tool") == b"#!/bin/dash\n"


def test_with_apt_it_renews_and_removes_what_is_old(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "mirror")
    repository.add("tool", "1", [file("./tool", b"1")])
    cache = PackageCache(tmp_path / "cache")
    cache._origin = Apt(
        tmp_path / "cache/apt", cache.progress, configuration=repository.configuration()
    )
    wanted = PackageSet("tool", ("tool",))
    assert cache.tree(wanted).read("tool") == b"1"
    repository.add("tool", "2", [file("./tool", b"2")])
    assert cache.tree(wanted).read("tool") == b"1"
    cache._origin = Apt(
        tmp_path / "cache/apt", cache.progress, configuration=repository.configuration()
    )
    assert cache.update(wanted).read("tool") == b"2"
    assert [path.name for path in (tmp_path / "cache/debs").iterdir()] == ["tool_2.deb"]
    assert len(list((tmp_path / "cache/trees").iterdir())) == 1
    record = cache.record(wanted)
    assert record is not None
    assert (record.origin, record.debs[0].version) == ("apt", "2")
    shutil.rmtree(repository.root)
    assert PackageCache(tmp_path / "cache").tree(wanted).read("tool") == b"2"
