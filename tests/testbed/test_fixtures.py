"""The fixtures as a stranger uses them: in a project of its own, by a pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.testbed.disks import UnequalDisks
from riostat.testbed.network.namespace import Namespace
from tests.testbed.rights import as_nobody, needs_disks, needs_qemu, needs_root

_CONFTEST = 'pytest_plugins = ["riostat.testbed.fixtures"]\n'
_SETTINGS = "[pytest]\naddopts = --strict-markers -W error -ra -p no:cacheprovider -p no:randomly\n"
_PYTEST = (sys.executable, "-m", "pytest", "-q")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that others than root can read, too."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "conftest.py").write_text(_CONFTEST)
    (folder / "pytest.ini").write_text(_SETTINGS)
    return folder


def run(
    project: Path, tests: str, *arguments: str, **changed: str
) -> "subprocess.CompletedProcess[str]":
    (project / "test_it.py").write_text(tests)
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(
        [*_PYTEST, *arguments],
        cwd=project,
        env=own | changed,
        capture_output=True,
        text=True,
        check=False,
    )


_NETWORK = """
def test_network(namespace):
    namespace.add_tap("t0", address="10.1.2.3/24")
    assert namespace.run("ping", "-c1", "10.1.2.3").returncode == 0
"""
_DISKS = """
import pytest
@pytest.mark.parametrize("unequal_disks", [(5, 50)], indirect=True)
def test_disks(unequal_disks):
    (unequal_disks.paths[1] / "file").touch()
    assert unequal_disks.megabytes_per_s == (5, 50)
def test_six(unequal_disks):
    assert unequal_disks.megabytes_per_s == (10, 10, 20, 40, 80, 80)
"""


_GUESTS = """
def test_guest(guest):
    assert guest.run("uname -s").stdout == b"Linux\\n"
def test_pair(guest_pair):
    first, second = guest_pair
    assert first.run("ping -c 3 -W 5 10.0.0.2").returncode == 0
    assert second.run("ping -c 3 -W 5 10.0.0.1").returncode == 0
"""


_XEN = """
def test_xen(xen_host):
    assert [domain.name for domain in xen_host.domains()][0] == "Domain-0"
"""


@pytest.mark.root
@needs_disks
def test_a_strangers_tests_have_networks_and_disks(project: Path) -> None:
    done = run(project, _NETWORK + _DISKS)
    assert "3 passed" in done.stdout, done.stdout


@pytest.mark.root
@needs_root
def test_without_root_they_are_skipped_and_say_so(project: Path) -> None:
    (project / "test_it.py").write_text(_NETWORK + _DISKS)
    done = as_nobody(*_PYTEST, str(project), f"--rootdir={project}")
    assert "3 skipped" in done.stdout, done.stdout + done.stderr
    assert "cannot be made without root; run it as root" in done.stdout
    assert done.returncode == 0


_NAMES_OF_MARKERS = """
def pytest_collection_finish(session):
    for item in session.items:
        print("item", item.name, *(marker.name for marker in item.iter_markers()))
"""


def test_tests_are_marked_with_what_they_need(project: Path) -> None:
    (project / "conftest.py").write_text(_CONFTEST + _NAMES_OF_MARKERS)
    tests = (
        "def test_1(namespace): ...\ndef test_2(unequal_disks): ...\ndef test_3(guest): ...\n"
        "def test_4(guest_pair): ...\ndef test_5(xen_host): ...\ndef test_6(tmp_path): ...\n"
    )
    said = run(project, tests, "--collect-only", "-s").stdout
    markers = [line.split()[2:] for line in said.splitlines() if line.startswith("item ")]
    assert markers == [["root"], ["root"], ["guest"], ["guest"], ["xen"], []]
    assert (
        "5 deselected"
        in run(project, tests, "--collect-only", "-m", "not root and not guest and not xen").stdout
    )


def test_here_too(namespace: Namespace) -> None:
    assert namespace.devices() == ["lo"]


@pytest.mark.parametrize("unequal_disks", [(20, 40)], indirect=True)
def test_here_as_well(unequal_disks: UnequalDisks) -> None:
    assert len({path.stat().st_dev for path in unequal_disks.paths}) == 2


@pytest.mark.guest
@pytest.mark.timeout(300)
@needs_qemu
def test_a_strangers_tests_have_guests_on_two_workers(project: Path) -> None:
    done = run(project, _GUESTS, "-p", "xdist", "-n2")
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.xen
@pytest.mark.timeout(600)
@needs_qemu
def test_a_strangers_tests_have_a_xen_host(project: Path) -> None:
    done = run(project, _XEN)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.guest
@pytest.mark.timeout(300)
@needs_qemu
def test_without_qemu_its_package_is_named(project: Path, tmp_path: Path) -> None:
    """The same machine, its programs but QEMU's, and so its cache."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in reversed(os.environ["PATH"].split(":")):
        for program in Path(folder).glob("[!q]*") if Path(folder).is_dir() else ():
            (programs / program.name).unlink(missing_ok=True)
            (programs / program.name).symlink_to(program)
    done = run(project, _GUESTS + _XEN, PATH=str(programs))
    assert "3 skipped" in done.stdout, done.stdout
    assert done.stdout.count("install the package qemu-system-x86") >= 2
