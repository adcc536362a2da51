"""pytest fixtures: guests, a Xen host, a network namespace and unequal disks, for any test.

A project asks for them in its outermost conftest.py by
``pytest_plugins = ["riostat.testbed.fixtures"]``. A test that asks for a fixture has the marker of
what it needs (``guest``, ``xen`` or ``root``), so that ``-m "not xen"`` leaves it out, and is
skipped with the words that name the missing package or right where this machine lacks it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

from riostat.core.errors import MissingToolError

if TYPE_CHECKING:
    from riostat.testbed.disks import UnequalDisks
    from riostat.testbed.folders import CacheFolder
    from riostat.testbed.guest.guest import Guest
    from riostat.testbed.image.image import Image
    from riostat.testbed.network.namespace import Namespace
    from riostat.testbed.xen.host import XenHost

__all__ = [
    "guest",
    "guest_image",
    "guest_pair",
    "namespace",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "testbed_cache",
    "unequal_disks",
    "xen_host",
]

_MARKERS: Final = {
    "guest": "starts virtual machines under QEMU",
    "root": "needs root, and is skipped without it",
    "xen": "starts Xen under QEMU",
}
_MARKER_OF: Final = {
    "guest": "guest",
    "guest_pair": "guest",
    "namespace": "root",
    "unequal_disks": "root",
    "xen_host": "xen",
}
# The set of "Performance analysis of the RIO multimedia storage system with heterogeneous disk
# configurations" (1998) in small: a ratio of eight between the fastest and the slowest.
_SPEEDS: Final = (10.0, 10.0, 20.0, 40.0, 80.0, 80.0)
_DISK_BYTES: Final = 256 << 20


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers."""
    for name, words in _MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {words}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for a fixture with what it needs."""
    for item in items:
        for name in getattr(item, "fixturenames", ()):
            if name in _MARKER_OF:
                item.add_marker(_MARKER_OF[name])


@pytest.fixture(scope="session")
def testbed_cache() -> "CacheFolder":
    """The user's cache, in which packages, images and snapshots are made once for all sessions."""
    from riostat.core.settings import process_settings
    from riostat.testbed.folders import CacheFolder

    return CacheFolder(process_settings({}).testbed)


@pytest.fixture(scope="session")
def guest_image(testbed_cache: "CacheFolder") -> "Image":
    """The image of the guests: a kernel for virtual machines, busybox and Python."""
    from riostat.testbed.image.image import make_image
    from riostat.testbed.image.specification import ImageSpecification
    from riostat.testbed.packages.cache import PackageCache

    with _skipped_without():
        packages = PackageCache(testbed_cache.packages)
        return make_image(ImageSpecification(), testbed_cache, packages=packages)


@pytest.fixture
def guest(guest_image: "Image", testbed_cache: "CacheFolder") -> "Iterator[Guest]":
    """A booted guest without a network (`riostat.testbed.guest.guest`)."""
    with _started(guest_image, testbed_cache) as made:
        yield made


@pytest.fixture
def guest_pair(
    guest_image: "Image", testbed_cache: "CacheFolder"
) -> "Iterator[tuple[Guest, Guest]]":
    """Two booted guests that reach each other as 10.0.0.1, the first, and 10.0.0.2."""
    from riostat.testbed.guest.guest import join

    with (
        _started(guest_image, testbed_cache) as first,
        _started(guest_image, testbed_cache) as second,
    ):
        join(first, second, addresses=("10.0.0.1/24", "10.0.0.2/24"))
        yield first, second


@pytest.fixture
def xen_host(testbed_cache: "CacheFolder") -> "Iterator[XenHost]":
    """A Xen host whose domain runs (`riostat.testbed.xen.host`)."""
    from riostat.testbed.xen.start import start_xen

    with _skipped_without():
        made = start_xen(cache=testbed_cache)
    with made:
        yield made


@pytest.fixture
def namespace() -> "Iterator[Namespace]":
    """A network namespace of the test's own (`riostat.testbed.network.namespace`)."""
    from riostat.testbed.network.namespace import Namespace

    with _skipped_without():
        made = Namespace()
    with made:
        yield made


@pytest.fixture
def unequal_disks(request: pytest.FixtureRequest) -> "Iterator[UnequalDisks]":
    """Six disks of 10 to 80 MB/s, of 256 MiB each (`riostat.testbed.disks`).

    Others by ``@pytest.mark.parametrize("unequal_disks", [(5, 50)], indirect=True)``.
    """
    from riostat.testbed.disks import UnequalDisks

    speeds: Any = getattr(request, "param", _SPEEDS)
    with _skipped_without():
        made = UnequalDisks(speeds, size_bytes=_DISK_BYTES)
    with made:
        yield made


@contextmanager
def _started(image: "Image", cache: "CacheFolder") -> "Iterator[Guest]":
    from riostat.testbed.guest.guest import GuestSpecification, start_guest

    with _skipped_without():
        made = start_guest(GuestSpecification(image=image), cache=cache)
    with made:
        yield made


@contextmanager
def _skipped_without() -> Iterator[None]:
    """Skip the test where this machine lacks what it needs, with the words that say so."""
    try:
        yield
    except MissingToolError as error:
        pytest.skip(str(error))
