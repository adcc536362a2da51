"""What this machine can run, and which Debian package adds what it cannot.

Everything is looked at, and nothing is changed: no root is needed, no QEMU and no network.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import msgspec

from riostat.core.errors import TestbedError
from riostat.core.text import printable
from riostat.testbed.cgroups import throttling_root
from riostat.testbed.folders import CacheFolder
from riostat.testbed.kvm import kvm_fault
from riostat.testbed.packages.apt import apt_fault
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.sets import (
    BUSYBOX,
    IPERF,
    KERNELS,
    PACKAGE_SETS,
    PYTHON,
    XEN,
    PackageSet,
)

__all__ = ["CacheState", "Capability", "Diagnosis", "diagnose"]

_QEMU: Final = "qemu-system-x86_64"
_QEMU_PACKAGE: Final = "qemu-system-x86"
_QEMU_TIME_OUT_S: Final = 20
_GUEST: Final = (KERNELS["6.1-cloud"], PYTHON, BUSYBOX)
_XEN_HOST: Final = (KERNELS["6.1"], KERNELS["6.1-cloud"], XEN, IPERF, PYTHON, BUSYBOX)
_XEN_MIB: Final = 1024
_GUEST_MIB: Final = 192
_NET_ADMIN, _SYS_ADMIN = 12, 21  # capabilities(7)
_ROOT: Final = "run it as root"
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the place of shared memory, not of files


class Capability(msgspec.Struct, frozen=True):
    """One thing that a machine may be able to run.

    `words` say how, or what is in the way; `packages` are those of Debian that would add it.
    """

    name: str
    works: bool
    words: str
    packages: tuple[str, ...] = ()


class CacheState(msgspec.Struct, frozen=True):
    """The testbed's cache: where, how many bytes, and which sets of packages it has."""

    folder: str
    bytes: int
    sets: tuple[str, ...]


class Diagnosis(msgspec.Struct, frozen=True):
    """What a machine can run; `qemu` is QEMU's version, or None without it."""

    qemu: str | None
    capabilities: tuple[Capability, ...]
    cache: CacheState


def diagnose(cache: CacheFolder) -> Diagnosis:
    """Look at this machine, and at a cache."""
    packages = PackageCache(cache.packages)
    cached = tuple(name for name, one in PACKAGE_SETS.items() if packages.record(one) is not None)
    machine = _Machine(packages)
    return Diagnosis(
        qemu=machine.qemu,
        capabilities=(
            machine.packages(),
            machine.guests(),
            machine.kvm(),
            machine.vhost_user(),
            machine.taps(),
            machine.namespaces(),
            machine.disks(),
            machine.xen(),
        ),
        cache=CacheState(str(cache.root), _bytes_below(cache.root), cached),
    )


class _Machine:
    """This machine, with what several of its capabilities hang on."""

    def __init__(self, cache: PackageCache) -> None:
        self.cache = cache
        self.qemu = _qemu_version()
        self.apt_fault = apt_fault()
        self.kvm_fault = kvm_fault()
        self.rights = _rights()

    def packages(self) -> Capability:
        missing = tuple(
            package
            for program, package in (("dpkg-deb", "dpkg"), ("apt-get", "apt"))
            if shutil.which(program) is None
        )
        if "dpkg" in missing:
            return _fails("packages", "there is no dpkg-deb to unpack them", *missing)
        if self.apt_fault:
            return _works(
                "packages", f"only from a folder, with --from: {self.apt_fault}", *missing
            )
        return _works("packages", "from this machine's mirrors, by apt")

    def guests(self) -> Capability:
        words = "emulated by QEMU" if self.kvm_fault else "by QEMU and KVM"
        return self._machine("guests", words, _GUEST, _GUEST_MIB)

    def xen(self) -> Capability:
        words = "emulated by QEMU, its domains paravirtual"
        return self._machine("xen", words, _XEN_HOST, _XEN_MIB)

    def kvm(self) -> Capability:
        if self.kvm_fault:
            return _fails("kvm", f"{self.kvm_fault}; guests are emulated instead")
        return _works("kvm", "the processor can run guests itself")

    def vhost_user(self) -> Capability:
        words = f"guests share their memory with a switch, in {_SHARED_MEMORY}"
        if not os.access(_SHARED_MEMORY, os.W_OK):
            return _fails("vhost-user", f"this user cannot write to {_SHARED_MEMORY}")
        return self._machine("vhost-user", words, _GUEST, _GUEST_MIB)

    def taps(self) -> Capability:
        if not Path("/dev/net/tun").exists():
            return _fails("tap", "there is no /dev/net/tun; load the kernel module tun")
        if not self._has(_NET_ADMIN):
            return _fails("tap", f"making TAP devices takes a right; {_ROOT}")
        words = "guests are joined to this machine's networks"
        return self._machine("tap", words, _GUEST, _GUEST_MIB)

    def namespaces(self) -> Capability:
        if shutil.which("nsenter") is None:
            return _fails("namespaces", "there is no nsenter", "util-linux")
        if not (self._has(_SYS_ADMIN) and self._has(_NET_ADMIN)):
            return _fails("namespaces", f"making namespaces takes a right; {_ROOT}")
        return _works("namespaces", "networks of their own, with veth pairs and bridges")

    def disks(self) -> Capability:
        missing = () if _which_for_root("mkfs.ext4") else ("e2fsprogs",)
        if not self._has(_SYS_ADMIN):
            return _fails("disks", f"mounting takes a right; {_ROOT}", *missing)
        if not Path("/dev/loop-control").exists():
            words = "there is no /dev/loop-control; load the kernel module loop"
            return _fails("disks", words, *missing)
        try:
            _, version = throttling_root()
        except TestbedError as error:
            return _fails("disks", str(error), *missing)
        words = f"loop devices, their bandwidth bounded by cgroups version {version}"
        if missing:
            return _fails("disks", "there is no mkfs.ext4", *missing)
        return _works("disks", words)

    def _machine(
        self, name: str, words: str, sets: tuple[PackageSet, ...], mebibytes: int
    ) -> Capability:
        """Return whether machines of QEMU that are made of these packages can run."""
        if self.qemu is None:
            return _fails(name, f"there is no {_QEMU}", _QEMU_PACKAGE)
        lacking = [one.name for one in sets if self.cache.record(one) is None]
        if lacking and self.apt_fault:
            names = ", ".join(lacking)
            return _fails(name, f"the cache lacks {names}; fill it with `testbed packages --from`")
        free = _memory_mib()
        if free < mebibytes:
            return _fails(name, f"it takes {mebibytes} MiB of memory, of {free} free")
        how = f"to download: {', '.join(lacking)}" if lacking else "all packages are cached"
        return _works(name, f"{words}; {how}")

    def _has(self, right: int) -> bool:
        return bool(self.rights >> right & 1)


def _works(name: str, words: str, *packages: str) -> Capability:
    return Capability(name, works=True, words=words, packages=packages)


def _fails(name: str, words: str, *packages: str) -> Capability:
    return Capability(name, works=False, words=words, packages=packages)


def _qemu_version() -> str | None:
    if shutil.which(_QEMU) is None:
        return None
    try:
        said = subprocess.run(
            [_QEMU, "--version"],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_QEMU_TIME_OUT_S,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version (\S+)", said)
    return printable(found[1]) if found else None


def _rights() -> int:
    """Return the process's effective capabilities as a set of bits, proc_pid_status(5)."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return int(found[1], 16) if found else 0


def _memory_mib() -> int:
    """Return how much memory programs can have, as proc_meminfo(5) says."""
    found = re.search(
        r"^MemAvailable:\s*(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE
    )
    return int(found[1]) >> 10 if found else 0


def _which_for_root(program: str) -> str | None:
    """Find a program that may stand where ordinary users do not look."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def _bytes_below(folder: Path) -> int:
    """Return how many bytes are on the disk below a folder, each file once."""
    sizes = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                status = Path(parent, name).lstat()
            except FileNotFoundError:
                continue  # another process is done with it
            sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())
