"""apt itself, with a mirror in a folder: no network, and nothing of this machine's changed."""

import subprocess
from pathlib import Path

import pytest

from riostat.core.errors import MissingToolError, PackageError
from riostat.testbed.packages.apt import Apt, apt_fault
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.deb import sha256_of
from riostat.testbed.packages.sets import PackageSet
from tests.testbed.packages.debs import file
from tests.testbed.packages.repositories import Repository
from tests.testbed.rights import needs_root


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "mirror")
    repository.add("tool", "1.9", [file("./tool", b"old")])
    repository.add("tool", "1.10", [file("./tool", b"new")])
    repository.add("linux-image-6.1.0-9-cloud-amd64", "6.1.27-1")
    repository.add("linux-image-6.1.0-10-cloud-amd64", "6.1.38-1")
    repository.add("linux-image-6.1.0-99-cloud-amd64-dbg", "9")
    repository.add("linux-image-6.12-cloud-amd64", "6.12-1~bpo12+1", suite="bookworm-backports")
    return repository


def _apt(tmp_path: Path, repository: Repository, options: str = "trusted=yes") -> Apt:
    (tmp_path / "apt").mkdir()
    return Apt(tmp_path / "apt", lambda _: None, configuration=repository.configuration(options))


def test_the_newest_of_what_a_name_or_pattern_means_is_fetched(
    tmp_path: Path, repository: Repository
) -> None:
    apt = _apt(tmp_path, repository)
    debs = apt.find(PackageSet("a", ("linux-image-6.1.*-cloud-amd64", "tool")))
    assert [(deb.name, deb.version) for deb in debs] == [
        ("linux-image-6.1.0-10-cloud-amd64", "6.1.38-1"),
        ("tool", "1.10"),
    ]
    folder = tmp_path / "debs"
    folder.mkdir()
    apt.fetch(debs, folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(deb.file for deb in debs)
    assert all(sha256_of(folder / deb.file) == deb.sha256 for deb in debs)


def test_what_the_machine_allows_apt_is_not_allowed_here(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "apt.conf").write_text(
        f'APT::Default-Release "trixie"; Dir::State::lists "{tmp_path}/lists";\n'
        'Acquire::AllowInsecureRepositories "true"; APT::Get::AllowUnauthenticated "true";\n'
        f'APT::Update::Post-Invoke {{"touch {tmp_path}/invoked";}};\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    apt = _apt(tmp_path, repository)
    assert apt.find(PackageSet("a", ("tool",)))[0].version == "1.10"
    assert not (tmp_path / "invoked").exists()
    assert not (tmp_path / "lists").exists()
    unsigned = Apt(
        tmp_path / "apt", lambda _: None, configuration=repository.configuration("check-date=no")
    )
    with pytest.raises(PackageError, match="is not signed"):
        unsigned.find(PackageSet("a", ("tool",)))


def test_backports_are_asked_only_where_they_are_needed(
    tmp_path: Path, repository: Repository
) -> None:
    apt = _apt(tmp_path, repository)
    wanted = ("linux-image-6.12-cloud-amd64",)
    with pytest.raises(PackageError, match=r"no package linux-image-6\.12-cloud-amd64 for bookw"):
        apt.find(PackageSet("a", wanted))
    (deb,) = apt.find(PackageSet("b", wanted, suite="backports"))
    assert deb.version == "6.12-1~bpo12+1"
    assert apt.find(PackageSet("c", ("tool",)))[0].version == "1.10"


def test_a_package_that_is_not_as_the_lists_say_is_refused(
    tmp_path: Path, repository: Repository
) -> None:
    apt = _apt(tmp_path, repository)
    (deb,) = apt.find(PackageSet("a", ("tool",)))
    path = repository.root / "pool" / "tool_1.10_amd64.deb"
    path.write_bytes(path.read_bytes().replace(b"new", b"bad"))
    (tmp_path / "debs").mkdir()
    with pytest.raises(PackageError, match="Hash Sum mismatch"):
        apt.fetch([deb], tmp_path / "debs")


def test_a_mirror_without_a_signature_is_refused(tmp_path: Path, repository: Repository) -> None:
    with pytest.raises(PackageError, match="is not signed") as caught:
        _apt(tmp_path, repository, "check-date=no").find(PackageSet("a", ("tool",)))
    assert "\n" not in str(caught.value)


def test_a_mirror_that_is_gone_is_one_sentence(tmp_path: Path, repository: Repository) -> None:
    apt = _apt(tmp_path, repository)
    (repository.root / "dists").rename(repository.root / "gone")
    with pytest.raises(PackageError, match=r"cannot be had .*; mend its package sources") as caught:
        apt.find(PackageSet("a", ("tool",)))
    assert "\n" not in str(caught.value)


def test_a_machine_without_apt_is_told_the_package(
    tmp_path: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = _apt(tmp_path, repository)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="install the package apt, or"):
        apt.find(PackageSet("a", ("tool",)))
    assert apt_fault(repository.configuration()) == "there is no apt-get"


def test_why_apt_cannot_help_is_said(tmp_path: Path, repository: Repository) -> None:
    assert apt_fault(repository.configuration()) == ""
    assert apt_fault(tmp_path).startswith("No package source of this machine is a mirror of Debian")


@needs_root
def test_lists_that_have_no_room_are_not_waited_for(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(full)], check=True)
    try:
        with pytest.raises(PackageError, match=r"cannot be filled \(No space .*; make"):
            PackageCache(full / "packages").tree(PackageSet("tool", ("tool",)))
    finally:
        subprocess.run(["umount", str(full)], check=True)
