"""What the doctor finds, on this machine and on ones that lack things."""

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from riostat.testbed.capability import Capability, Diagnosis, diagnose
from riostat.testbed.folders import CacheFolder
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.sets import BUSYBOX
from tests.testbed.packages.debs import file, make_deb

NAMES = ["packages", "guests", "kvm", "vhost-user", "tap", "namespaces", "disks", "xen"]


def _by_name(diagnosis: Diagnosis) -> dict[str, Capability]:
    return {one.name: one for one in diagnosis.capabilities}


def _programs(folder: Path, *programs: str) -> None:
    """Make a folder with these programs, as the only one on the search path."""
    folder.mkdir()
    for program in programs:
        path = folder / program
        path.write_text("#!/bin/sh\necho QEMU emulator version 9.8.7\n")
        path.chmod(0o755)


def test_every_capability_is_told_with_words(tmp_path: Path) -> None:
    diagnosis = diagnose(CacheFolder(tmp_path))
    assert [one.name for one in diagnosis.capabilities] == NAMES
    assert all(one.words for one in diagnosis.capabilities)
    assert diagnosis.cache == msgspec.structs.replace(diagnosis.cache, bytes=0, sets=())
    assert not (tmp_path / "packages").exists()
    read = json.loads(msgspec.json.encode(diagnosis))
    assert set(read) == {"qemu", "capabilities", "cache"}


def test_a_machine_with_nothing_is_told_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _programs(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    diagnosis = diagnose(CacheFolder(tmp_path / "cache"))
    found = _by_name(diagnosis)
    assert diagnosis.qemu is None
    for name in ("guests", "xen", "vhost-user"):
        assert (found[name].works, found[name].packages) == (False, ("qemu-system-x86",))
    assert found["packages"].packages == ("dpkg", "apt")
    assert found["namespaces"].packages == ("util-linux",)


def test_without_apt_a_guest_needs_a_filled_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _programs(tmp_path / "bin", "qemu-system-x86_64", "dpkg-deb")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    diagnosis = diagnose(CacheFolder(tmp_path / "cache"))
    found = _by_name(diagnosis)
    assert diagnosis.qemu == "9.8.7"
    assert found["packages"].works
    assert found["packages"].words == "only from a folder, with --from: there is no apt-get"
    assert not found["guests"].works
    assert "the cache lacks linux-6.1-cloud, python, busybox; fill it" in found["guests"].words


def test_what_is_cached_is_told_with_its_size(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    make_deb(source, "busybox-static", [file("./bin/busybox", bytes(100_000))])
    cache = CacheFolder(tmp_path / "cache")
    PackageCache(cache.packages, source=source).tree(BUSYBOX)
    state = diagnose(cache).cache
    assert state.sets == ("busybox",)
    assert state.bytes >= 200_000  # the package, and what it was unpacked into


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_without_root_only_what_takes_rights_fails(tmp_path: Path) -> None:
    here = _by_name(diagnose(CacheFolder(tmp_path)))
    there = _by_name(msgspec.json.decode(_diagnosed_by_nobody(), type=Diagnosis))
    for name in ("tap", "namespaces", "disks"):
        assert not there[name].works
        assert "run it as root" in there[name].words
    for name in ("packages", "guests", "vhost-user", "xen"):
        assert there[name].works == here[name].works


def _diagnosed_by_nobody() -> bytes:
    return subprocess.run(
        [
            *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
            *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
            *(sys.executable, "-B", "-m", "riostat", "testbed", "doctor", "--json"),
            "--testbed=/nonexistent",
        ],
        cwd="/",
        capture_output=True,
        check=True,
    ).stdout
