"""The images of a Xen host, of the user's own packages."""

import stat

import pytest

from riostat.core.settings import process_settings
from riostat.testbed.folders import CacheFolder
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.xen.images import make_xen_images


@pytest.mark.xen
def test_images_are_made_once_and_are_what_a_host_boots() -> None:
    cache = CacheFolder(process_settings({}).testbed)
    packages = PackageCache(cache.packages)
    images = make_xen_images(cache, packages=packages)
    assert images.hypervisor.read_bytes()[:4] == b"\x7fELF"
    assert images.dom0.kernel.read_bytes()[:4] == b"\x7fELF"
    inside = images.dom0.initramfs.read_bytes()
    for name in (b"usr/sbin/xl\0", b"usr/bin/xenalyze\0", b"riostat/dom0.sh\0", b"libxenctrl.so."):
        assert name in inside, name
    assert images.domain.initramfs.read_bytes() in inside
    before = images.hypervisor.stat()[stat.ST_MTIME]
    again = make_xen_images(cache, packages=packages)
    assert again.key == images.key
    assert again.hypervisor.stat()[stat.ST_MTIME] == before
