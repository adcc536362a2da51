"""Which packages the testbed knows by a name of its own.

The guests' distribution is one, Debian 12, whatever this machine runs: kernels, Xen and programs
are then those that the tests were written with.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "BUSYBOX",
    "DISTRIBUTION",
    "IPERF",
    "KERNELS",
    "PACKAGE_SETS",
    "PYTHON",
    "XEN",
    "PackageSet",
]

DISTRIBUTION = "bookworm"


@dataclass(frozen=True, slots=True)
class PackageSet:
    """Packages that are unpacked into one tree.

    Each of `packages` is a package's name, or a pattern of names (fnmatch), of which the package
    with the highest version is meant; the first is the one that the set is about. `suite`
    is where they are looked for beside the distribution with its updates, when that lacks one.
    """

    name: str
    packages: tuple[str, ...]
    suite: str = ""


KERNELS: Mapping[str, PackageSet] = {
    "6.1-cloud": PackageSet("linux-6.1-cloud", ("linux-image-6.1.*-cloud-amd64",)),
    "6.12-cloud": PackageSet(
        "linux-6.12-cloud", ("linux-image-6.12.*-cloud-amd64",), suite="backports"
    ),
    "6.1": PackageSet("linux-6.1", ("linux-image-6.1.*[0-9]-amd64",)),
}

BUSYBOX = PackageSet("busybox", ("busybox-static",))

PYTHON = PackageSet(
    "python",
    (
        "python3.11-minimal",
        "libbz2-1.0",
        "libc6",
        "libexpat1",
        "libffi8",
        "liblzma5",
        "libpython3.11-minimal",
        "libpython3.11-stdlib",
        "zlib1g",
    ),
)

IPERF = PackageSet("iperf3", ("iperf3", "libc6", "libiperf0", "libsctp1", "libssl3"))

XEN = PackageSet(
    "xen-4.17",
    (
        "xen-hypervisor-4.17-amd64",
        "libbz2-1.0",
        "libc6",
        "libfdt1",
        "libgcc-s1",
        "liblzma5",
        "liblzo2-2",
        "libncurses6",
        "libnl-3-200",
        "libnl-route-3-200",
        "libtinfo6",
        "libuuid1",
        "libxencall1",
        "libxendevicemodel1",
        "libxenevtchn1",
        "libxenforeignmemory1",
        "libxengnttab1",
        "libxenhypfs1",
        "libxenmisc4.17",
        "libxenstore4",
        "libxentoolcore1",
        "libxentoollog1",
        "libyajl2",
        "libzstd1",
        "xen-utils-4.17",
        "xen-utils-common",
        "xenstore-utils",
        "zlib1g",
    ),
)

PACKAGE_SETS: Mapping[str, PackageSet] = {
    one.name: one for one in (*KERNELS.values(), BUSYBOX, PYTHON, IPERF, XEN)
}
