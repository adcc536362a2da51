"""Programs come into an image with the libraries that they need."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from riostat.core.errors import ImageError
from riostat.testbed.image.libraries import Programs
from riostat.testbed.image.newc import Archive
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.sets import PackageSet
from riostat.testbed.packages.tree import PackageTree
from tests.testbed.packages.debs import file, link, make_deb

_LIBRARY = "lib/x86_64-linux-gnu"


def _compile(output: Path, source: str, *options: str) -> Path:
    subprocess.run(
        ["gcc", "-x", "c", "-", "-o", output, *options], input=source.encode(), check=True
    )
    return output


@pytest.fixture
def greeting(tmp_path: Path) -> Path:
    """A program whose library lies beside it, found by its RUNPATH."""
    _compile(tmp_path / "libgreet.so", "int greet(void) { return 7; }", "-shared", "-fPIC")
    return _compile(
        tmp_path / "greeting",
        "int greet(void); int main(void) { return greet(); }",
        *(f"-L{tmp_path}", "-lgreet", "-Wl,-rpath,$ORIGIN", "-Wl,--enable-new-dtags"),
    )


def _tree(tmp_path: Path, **files: bytes) -> PackageTree:
    source = tmp_path / "source"
    source.mkdir()
    make_deb(source, "tool", [file(path, content, 0o755) for path, content in files.items()])
    return PackageCache(tmp_path / "cache", source=source).tree(PackageSet("tool", ("tool",)))


def _extracted(archive: Archive, folder: Path) -> Path:
    folder.mkdir()
    for path, entry in archive._entries.items():
        if stat.S_ISREG(entry.mode):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(entry.content)
            (folder / path).chmod(entry.mode & 0o777)
    return folder


def test_a_program_of_this_machine_runs_with_what_came_along(
    tmp_path: Path, greeting: Path
) -> None:
    archive = Archive()
    Programs(archive, []).add_from_machine(greeting, "/usr/bin/greeting")
    root = _extracted(archive, tmp_path / "root")
    assert (root / _LIBRARY / "libgreet.so").exists()
    loader = root / "lib64/ld-linux-x86-64.so.2"
    command = [str(loader), "--library-path", str(root / _LIBRARY), str(root / "usr/bin/greeting")]
    assert subprocess.run(command, check=False, env={}).returncode == 7


def test_libraries_of_packages_come_before_those_of_this_machine(
    tmp_path: Path, greeting: Path
) -> None:
    other = _compile(tmp_path / "other.so", "int greet(void) { return 8; }", "-shared", "-nostdlib")
    tree = _tree(tmp_path, **{f"./usr/{_LIBRARY}/libgreet.so": other.read_bytes()})
    archive = Archive()
    Programs(archive, [tree]).add_from_machine(greeting, "greeting")
    root = _extracted(archive, tmp_path / "root")
    assert (root / _LIBRARY / "libgreet.so").read_bytes() == other.read_bytes()


def test_a_data_file_keeps_its_mode(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"data")
    archive = Archive()
    Programs(archive, []).add_from_machine(data, "data")
    assert (_extracted(archive, tmp_path / "root") / "data").stat().st_mode & 0o777 == 0o644


def test_patterns_name_files_of_packages(tmp_path: Path) -> None:
    files = {"./usr/lib/x-1/bin/a": b"#!a", "./usr/lib/x-1/bin/b": b"#!b"}
    tree = _tree(tmp_path, **files)
    archive = Archive()
    programs = Programs(archive, [tree])
    programs.add_packaged("usr/lib/x-*/bin/?", "")
    programs.add_packaged("/usr/lib/x-*/bin/a", "bin/a")
    assert "usr/lib/x-1/bin/b" in archive
    assert "bin/a" in archive
    with pytest.raises(ImageError, match="means 2 files of the packages, and there is one place"):
        programs.add_packaged("usr/lib/x-*/bin/?", "bin/a")
    with pytest.raises(ImageError, match="No package of the image has a file 'usr/bin/none'; cor"):
        programs.add_packaged("usr/bin/none", "")


def test_a_library_that_is_not_found_is_named(tmp_path: Path, greeting: Path) -> None:
    (tmp_path / "libgreet.so").unlink()
    with pytest.raises(ImageError, match=r"greeting needs the library libgreet\.so, which neither"):
        Programs(Archive(), []).add_from_machine(greeting, "greeting")
    tree = _tree(tmp_path, **{"./greeting": greeting.read_bytes()})
    with pytest.raises(ImageError, match="needs the library"):
        Programs(Archive(), [tree]).add_packaged("greeting", "")


def test_a_library_that_is_too_old_is_named(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.write_text("GREET_2 { global: greet; };")
    shared = ("-shared", "-nostdlib", "-Wl,-soname,libgreet.so")
    new = _compile(
        tmp_path / "libgreet.so",
        "int greet(void) { return 7; }",
        *(*shared, f"-Wl,--version-script={versions}"),
    )
    program = _compile(
        tmp_path / "greeting",
        "int greet(void); int main(void) { return greet(); }",
        *(f"-L{tmp_path}", "-lgreet"),
    )
    versions.write_text("GREET_1 { global: greet; };")
    old = _compile(
        tmp_path / "old.so",
        "int greet(void) { return 7; }",
        *(*shared, f"-Wl,--version-script={versions}"),
    )
    assert new.exists()
    tree = _tree(tmp_path, **{f"./{_LIBRARY}/libgreet.so": old.read_bytes()})
    with pytest.raises(ImageError, match=r"greeting needs GREET_2 of libgreet\.so, and the one of"):
        Programs(Archive(), [tree]).add_from_machine(program, "greeting")


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(ImageError, match=r"cannot be put into an image \(.*\); give the path"):
        Programs(Archive(), []).add_from_machine(path, "a")


def test_a_link_in_a_package_that_leads_nowhere_is_no_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    make_deb(source, "tool", [link("./bin/a", "/etc/passwd")])
    tree = PackageCache(tmp_path / "cache", source=source).tree(PackageSet("t", ("tool",)))
    with pytest.raises(ImageError, match="No package of the image has a file 'bin/a'"):
        Programs(Archive(), [tree]).add_packaged("bin/a", "")
