"""Machines come and go, and leave nothing: a listing before is the listing after."""

import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.core.errors import MachineError
from riostat.testbed.folders import CacheFolder, runtime_folder
from riostat.testbed.guest.guest import GuestSpecification, start_guest
from riostat.testbed.guest.networks import Tap
from riostat.testbed.image.image import Image
from riostat.testbed.leftovers import sweep
from riostat.testbed.network.namespace import Namespace
from riostat.testbed.ownership import Owner
from riostat.testbed.xen.start import start_xen
from tests.testbed.belongings import belongings, children
from tests.testbed.rights import needs_qemu, needs_root

pytestmark = needs_qemu


@pytest.fixture(autouse=True)
def own_runtime_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """One of this test's alone, in which nothing may be left; short, since it has sockets."""
    with tempfile.TemporaryDirectory(prefix="r") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield runtime_folder()


def listing() -> dict[str, object]:
    """What this process has, and what is marked as its own."""
    descriptors = sorted(str(path.readlink()) for path in _descriptors())
    return {
        "marked": belongings(Owner.of(os.getpid()).__eq__),
        "runtime": sorted(runtime_folder().rglob("*")),
        "children": children(),
        "descriptors": [name for name in descriptors if not name.startswith("/proc/")],
        "sockets": str(runtime_folder()) in Path("/proc/net/unix").read_text(),
    }


def _descriptors() -> list[Path]:
    return [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]


def members(folder: Path) -> list[Owner]:
    """The processes of a machine: its keeper and QEMU."""
    lines = (folder / "processes").read_text().splitlines()
    return [owner for owner in map(Owner.parse, lines) if owner is not None]


@pytest.mark.guest
@pytest.mark.timeout(300)
def test_ten_guests_in_a_row_leave_nothing(guest_image: Image, testbed_cache: CacheFolder) -> None:
    specification = GuestSpecification(image=guest_image, shared_memory=True)
    with start_guest(specification, cache=testbed_cache):
        pass  # what a first guest makes for good: an image and a snapshot in the cache
    before, ended = listing(), []
    temporary = set(Path(tempfile.gettempdir()).glob("riostat*"))
    for number in range(10):
        with start_guest(specification, cache=testbed_cache) as guest:
            assert guest.run(f"echo {number}").stdout == f"{number}\n".encode()
            ended += members(guest.machine.folder)
    assert len(ended) >= 20
    assert [owner for owner in ended if owner.is_alive()] == []
    assert listing() == before
    assert set(Path(tempfile.gettempdir()).glob("riostat*")) <= temporary


@pytest.mark.guest
@pytest.mark.root
@needs_root
@pytest.mark.timeout(300)
def test_a_guest_on_a_tap_leaves_nothing(guest_image: Image, testbed_cache: CacheFolder) -> None:
    before = listing()
    with Namespace() as namespace:
        namespace.add_tap("t0", address="10.7.0.1/24")
        tap = Tap("t0", namespace=namespace.path, address="10.7.0.2/24")
        specification = GuestSpecification(image=guest_image, networks=(tap,))
        with start_guest(specification, cache=testbed_cache) as guest:
            reached = namespace.run("ping", "-c3", "-i0.1", "-W10", "10.7.0.2")
            assert reached.returncode == 0, reached.stdout
            ended = members(guest.machine.folder)
    assert [owner for owner in ended if owner.is_alive()] == []
    assert listing() == before


@pytest.mark.guest
@pytest.mark.root
@needs_root
@pytest.mark.timeout(300)
def test_a_guest_does_not_outlive_the_namespace_that_it_is_in(
    guest_image: Image, testbed_cache: CacheFolder
) -> None:
    with Namespace() as namespace:
        namespace.add_tap("t0")
        tap = Tap("t0", namespace=namespace.path)
        specification = GuestSpecification(image=guest_image, networks=(tap,))
        with start_guest(specification, cache=testbed_cache) as guest:
            namespace.close()
            with pytest.raises(MachineError, match="ended"):
                guest.run("true")
    assert belongings(Owner.of(os.getpid()).__eq__) == set()


@pytest.mark.xen
@pytest.mark.timeout(600)
def test_a_xen_host_leaves_nothing(testbed_cache: CacheFolder) -> None:
    with start_xen(cache=testbed_cache):
        pass
    before = listing()
    with start_xen(cache=testbed_cache) as host:
        ended = members(host.machine.folder)
        assert host.run("true").returncode == 0
    assert [owner for owner in ended if owner.is_alive()] == []
    assert listing() == before


_OWNER = """
import sys
from riostat.core.settings import process_settings
from riostat.core.errors import MachineError
from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.guest import GuestSpecification, start_guest
from riostat.testbed.guest.networks import Tap
from riostat.testbed.image.image import make_image
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.packages.cache import PackageCache
cache = CacheFolder(process_settings({}).testbed)
image = make_image(ImageSpecification(), cache, packages=PackageCache(cache.packages))
guest = start_guest(GuestSpecification(image=image), cache=cache)
print(guest.machine.folder, flush=True)
sys.stdin.read()
"""


@pytest.mark.guest
@pytest.mark.timeout(300)
def test_a_sweep_does_not_wait_for_the_keeper_of_a_dead_owner(guest_image: Image) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        ended = members(folder)
        assert len(ended) == 2
        sweep()
        assert [owner.is_alive() for owner in ended] == [True, True]
        descriptors = [os.pidfd_open(owner.pid) for owner in ended]
        process.kill()
    sweep()
    # A keeper that was faster than the sweep has removed the folder, and may be about to end.
    for descriptor in descriptors:
        assert select.select([descriptor], [], [], 5)[0]
        os.close(descriptor)
    assert list(runtime_folder().iterdir()) == []
    assert guest_image.kernel.exists()
