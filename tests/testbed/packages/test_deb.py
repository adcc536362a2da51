"""Files of packages, good and bad."""

import hashlib
from pathlib import Path

import pytest

from riostat.core.errors import MissingToolError, PackageError
from riostat.testbed.packages.deb import Deb, files_of, highest, read_deb
from tests.testbed.packages.debs import file, make_deb


def test_a_package_says_what_it_is(tmp_path: Path) -> None:
    path = make_deb(tmp_path, "tool", [file("./a", b"1")], version="1:2.0~rc1-3+b1")
    deb = read_deb(path)
    assert (deb.name, deb.version, deb.size) == ("tool", "1:2.0~rc1-3+b1", path.stat().st_size)
    assert deb.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert deb.file == "tool_1%3a2.0~rc1-3+b1.deb"
    with files_of(path) as files:
        assert [member.name for member in files] == ["./a"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Architecture": "arm64"}, "is for arm64; guests are amd64"),
        ({"Package": "../../etc"}, "no Debian package|does not allow"),
        ({"Package": "a"}, "calls itself 'a' in version '1.0', which Debian does not allow"),
        ({"Version": "1/2"}, "no Debian package|does not allow"),
        ({"Architecture": "\udcff"}, "is for|no Debian package"),
    ],
)
def test_a_package_for_others_or_with_a_hostile_name_is_refused(
    tmp_path: Path, fields: dict[str, str], words: str
) -> None:
    path = make_deb(tmp_path / "a.deb", "tool", fields=fields)
    with pytest.raises(PackageError, match=words):
        read_deb(path)


@pytest.mark.parametrize("content", [b"", b"not a package", b"!<arch>\n"])
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.deb"
    path.write_bytes(content)
    with pytest.raises(PackageError, match=r"a\.deb is no Debian package \(.*\); remove it, or"):
        read_deb(path)


def test_a_package_that_is_cut_short_is_damaged(tmp_path: Path) -> None:
    path = make_deb(tmp_path, "tool", [file("./a", bytes(100_000))])
    path.write_bytes(path.read_bytes()[:-60_000])

    def read() -> None:
        with files_of(path) as files:
            for member in files:
                content = files.extractfile(member)
                assert content is not None
                content.read()

    with pytest.raises(PackageError, match="is damaged"):
        read()


def test_the_highest_version_is_by_debians_rules() -> None:
    versions = ["1.9", "1.10", "1.10~rc1", "0:1.2"]
    assert highest([Deb("a", version, "", 0) for version in versions]).version == "1.10"
    assert highest([Deb("a", version, "", 0) for version in [*versions, "1:0"]]).version == "1:0"


def test_a_machine_without_dpkg_is_told_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_deb(tmp_path, "tool")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="install the package dpkg"):
        read_deb(path)
