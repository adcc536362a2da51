"""What an image is to be made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from riostat.core.errors import ImageError
from riostat.core.text import printable
from riostat.testbed.packages.sets import BUSYBOX, KERNELS, PYTHON, PackageSet

__all__ = ["GUEST_MODULES", "ImageSpecification"]

# What a guest of QEMU has devices for.
GUEST_MODULES = ("virtio_pci", "virtio_net", "virtio_blk", "virtio_console")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpecification:
    """A kernel, its modules, and what is in the initramfs.

    `kernel` is a name in `KERNELS`. Each of `programs` is a path and its place in the guest: a path
    with a leading slash is a file of this machine; one without, which may be a pattern (fnmatch),
    is looked for in `packages`, then in those of Python and busybox, and with an empty place comes
    where the package has it. Libraries that are only opened while a program runs are named like
    programs. `files` are contents by place; those that begin as scripts and programs do can be
    executed.
    """

    kernel: str = "6.1-cloud"
    python: bool = True
    modules: tuple[str, ...] = GUEST_MODULES
    packages: tuple[PackageSet, ...] = ()
    programs: tuple[tuple[str, str], ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def kernel_set(self) -> PackageSet:
        """The packages of the kernel; raises `ImageError` for a name that is not known."""
        found = KERNELS.get(self.kernel)
        if found is None:
            raise ImageError(
                f"No kernel is called {printable(self.kernel)!r}; choose {', '.join(KERNELS)}."
            )
        return found

    @property
    def package_sets(self) -> tuple[PackageSet, ...]:
        """The packages of programs, in the order in which they are looked through."""
        return (*self.packages, *((PYTHON,) if self.python else ()), BUSYBOX)
