"""What dom0 and the domains boot: Debian's hypervisor, its tools, and two kernels."""

import gzip
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from riostat.core.errors import ImageError
from riostat.core.wholefile import write_whole
from riostat.testbed.folders import CacheFolder
from riostat.testbed.image.image import Image, make_image
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.sets import IPERF, XEN
from riostat.testbed.packages.tree import PackageTree
from riostat.testbed.xen.configuration import (
    DOMAIN_INITRAMFS,
    DOMAIN_KERNEL,
    VIF_SCRIPT,
    XL_CONFIGURATION,
)

__all__ = ["XenImages", "make_xen_images"]

# Only the generic kernel can be dom0; as a guest, the smaller one of clouds is enough.
_DOM0_KERNEL = "6.1"
_DOMAIN_KERNEL = "6.1-cloud"
_DOM0_MODULES = (
    "virtio_pci", "virtio_console", "xen_privcmd", "xen_evtchn", "xen_gntdev", "xen_gntalloc",
    "xenfs", "xen_netback", "xen_blkback", "bridge", "tun",
)  # fmt: skip
_DOMAIN_MODULES = ("xen_netfront", "xen_blkfront")
# The versioned folder has the programs; those in the usual places are scripts that look for them.
_XEN_PROGRAMS = (
    "xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0", "xentrace", "xenctx",
    "xenperf", "xenlockprof", "xenpm", "xentop",
)  # fmt: skip
_OTHER_PROGRAMS = ("usr/bin/xenalyze", "usr/bin/xenstore-*", "usr/bin/xen-cpuid")
# Opened by name while a program runs: the first by whoever reads a domain's registers, the second
# by threads that end.
_LIBRARIES = ("usr/lib/x86_64-linux-gnu/libxenctrl.so.*[0-9]", "lib/x86_64-linux-gnu/libgcc_s.so.1")
_IPERF = ("usr/bin/iperf3", "")


@dataclass(frozen=True, slots=True)
class XenImages:
    """What a Xen host boots; `key` stands for all of it."""

    hypervisor: Path
    dom0: Image
    domain: Image

    @property
    def key(self) -> str:
        """A hash of the hypervisor and of dom0's image, which has the domain's inside."""
        return f"{self.hypervisor.name}-{self.dom0.kernel.name}-{self.dom0.key}"


def make_xen_images(cache: CacheFolder, *, packages: PackageCache) -> XenImages:
    """Return the images of a Xen host, made where the cache does not have them.

    Raises as `make_image` does.
    """
    xen = packages.tree(XEN)
    domain = make_image(
        ImageSpecification(
            kernel=_DOMAIN_KERNEL, modules=_DOMAIN_MODULES, packages=(IPERF,), programs=(_IPERF,)
        ),
        cache,
        packages=packages,
    )
    dom0 = make_image(_dom0_specification(domain, packages), cache, packages=packages)
    return XenImages(_hypervisor(xen, cache), dom0, domain)


def _dom0_specification(domain: Image, packages: PackageCache) -> ImageSpecification:
    kernel = packages.tree(domain.specification.kernel_set)
    inside = resources.files("riostat.testbed.xen.inside")
    return ImageSpecification(
        kernel=_DOM0_KERNEL,
        modules=_DOM0_MODULES,
        packages=(XEN, IPERF),
        programs=(
            *((f"usr/lib/xen-*/bin/{name}", f"usr/sbin/{name}") for name in _XEN_PROGRAMS),
            *((pattern, "") for pattern in (*_OTHER_PROGRAMS, *_LIBRARIES)),
            _IPERF,
        ),
        files={
            "riostat/dom0.sh": inside.joinpath("dom0.sh").read_bytes(),
            "riostat/relay.py": inside.joinpath("relay.py").read_bytes(),
            VIF_SCRIPT: inside.joinpath("vif.sh").read_bytes(),
            "etc/xen/xl.conf": XL_CONFIGURATION.encode(),
            DOMAIN_KERNEL: kernel.read(_only(kernel, "boot/vmlinuz-*")),
            DOMAIN_INITRAMFS: domain.initramfs.read_bytes(),
        },
    )


def _hypervisor(xen: PackageTree, cache: CacheFolder) -> Path:
    """Return the hypervisor as QEMU loads it, which is without its compression."""
    path = cache.images / f"xen-{xen.key}"
    if not path.is_file():
        packed = _only(xen, "boot/xen-*.gz")
        write_whole(path, gzip.decompress(xen.read(packed)))
    return path


def _only(tree: PackageTree, pattern: str) -> str:
    paths = tree.paths(pattern)
    if len(paths) != 1:
        raise ImageError(
            f"The packages in {tree.root} have {len(paths)} files {pattern} where one is needed; "
            "remove that folder, and they are had anew."
        )
    return paths[0]
