"""Making images: a kernel and an initramfs in the cache, by a hash of all that is in them."""

import hashlib
import json
import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from riostat.core.errors import ImageError
from riostat.testbed.folders import CacheFolder
from riostat.testbed.image.libraries import Programs
from riostat.testbed.image.modules import KernelModules
from riostat.testbed.image.newc import Archive
from riostat.testbed.image.python import INTERPRETER, compile_library, library_extensions
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.image.vmlinux import extract_vmlinux
from riostat.testbed.making import is_whole, making_folder, mark_used, mark_whole
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.packages.tree import PackageTree

__all__ = ["Image", "make_image"]

_BUSYBOX = "bin/busybox"
_KEY_DIGITS = 32
_KEPT = 24
_CONSOLE = (5, 1)  # Documentation/admin-guide/devices.txt
_FOLDERS = ("etc", "mnt", "proc", "root", "run", "sys", "var")
_FILES = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": b"root:x:0:\n",
    "etc/hosts": b"127.0.0.1 localhost\n",
    "etc/shells": b"/bin/sh\n",
}
_EXECUTABLE = (b"#!", b"\x7fELF")
_AGENTS = {"agent.py", "agent.sh"}
_INIT = Path(__file__).with_name("init")


@dataclass(frozen=True, slots=True)
class Image:
    """A kernel and an initramfs, ready for QEMU; `key` is a hash of all that went into them."""

    key: str
    kernel: Path
    initramfs: Path
    specification: ImageSpecification


def make_image(
    specification: ImageSpecification, cache: CacheFolder, *, packages: PackageCache
) -> Image:
    """Return the image of a specification, made where the cache does not have it.

    The same specification, packages and files make the same bytes. Raises `ImageError` where
    something that is to be inside cannot be, and `PackageError` as the packages do.
    """
    kernel = packages.tree(specification.kernel_set)
    trees = [packages.tree(one) for one in specification.package_sets]
    agents = _agents()
    inputs = _Inputs(specification, kernel, trees, agents)
    key = inputs.key()
    place = cache.images
    image = Image(key, place / f"vmlinux-{kernel.key}", place / f"initramfs-{key}", specification)
    if not (is_whole(image.kernel) and is_whole(image.initramfs)):
        with making_folder(place, kind=ImageError, progress=packages.progress) as making:
            if not is_whole(image.kernel):
                _put(image.kernel, making, [_vmlinux(kernel)])
            if not is_whole(image.initramfs):
                packages.progress("Making an image")
                _put(image.initramfs, making, inputs.archive(making / "python").blocks())
            _remove_old(place)
    mark_used(image.kernel)
    mark_used(image.initramfs)
    return image


@dataclass(frozen=True, slots=True)
class _Inputs:
    """All that goes into an initramfs."""

    specification: ImageSpecification
    kernel: PackageTree
    trees: list[PackageTree]
    agents: Mapping[str, bytes]

    def key(self) -> str:
        """Return a hash of everything that the archive is made of."""
        wanted = self.specification
        described = [
            _builder_key(),
            self.kernel.key,
            [tree.key for tree in self.trees],
            wanted.kernel,
            wanted.python,
            wanted.modules,
            wanted.programs,
            self._digest_of_machine(),
            sorted(
                (path, hashlib.sha256(content).hexdigest())
                for path, content in (*wanted.files.items(), *self.agents.items())
            ),
        ]
        return hashlib.sha256(json.dumps(described).encode()).hexdigest()[:_KEY_DIGITS]

    def _digest_of_machine(self) -> str:
        """Return a hash of what comes from this machine, with the libraries that it brings."""
        archive = Archive()
        programs = Programs(archive, self.trees)
        for source, path in self.specification.programs:
            if source.startswith("/"):
                programs.add_from_machine(Path(source), path or source)
        digest = hashlib.sha256()
        for block in archive.blocks():
            digest.update(block)
        return digest.hexdigest()

    def archive(self, working: Path) -> Archive:
        """Gather the archive; `working` is a folder that may be made and used."""
        wanted = self.specification
        archive = Archive()
        programs = Programs(archive, self.trees)
        for folder in _FOLDERS:
            archive.add_folder(folder)
        archive.add_folder("tmp", mode=0o1777)
        archive.add_character_device("dev/console", *_CONSOLE)
        modules = KernelModules(self.kernel).closure(wanted.modules)
        for name, content in modules:
            archive.add_file(f"lib/modules/{name}.ko", content)
        order = "".join(f"{name}\n" for name, _ in modules).encode()
        init = {"init": _INIT.read_bytes(), "riostat/modules": order}
        for path, content in {**_FILES, **init, **self.agents}.items():
            _add_file(archive, path, content)
        programs.add_packaged(_BUSYBOX, _BUSYBOX)
        if wanted.python:
            self._add_python(archive, programs, working)
        for source, path in wanted.programs:
            if source.startswith("/"):
                programs.add_from_machine(Path(source), path or source)
            else:
                programs.add_packaged(source, path)
        for path, content in wanted.files.items():
            _add_file(archive, path, content)
        return archive

    def _add_python(self, archive: Archive, programs: Programs, working: Path) -> None:
        tree = self.trees[-2]  # before busybox
        programs.add_packaged(INTERPRETER, INTERPRETER)
        archive.add_link("usr/bin/python3", posixpath.basename(INTERPRETER))
        for extension in library_extensions(tree):
            programs.add_packaged(extension, extension)
        for path, content in compile_library(tree, working).items():
            archive.add_file(path, content)


def _add_file(archive: Archive, path: str, content: bytes) -> None:
    archive.add_file(path, content, is_executable=content.startswith(_EXECUTABLE))


def _agents() -> Mapping[str, bytes]:
    """Return the programs that serve commands in guests, by their places there."""
    folder = resources.files("riostat.testbed.guest")
    return {
        f"riostat/{file.name}": file.read_bytes()
        for file in folder.iterdir()
        if file.name in _AGENTS
    }


@cache
def _builder_key() -> str:
    """Return a hash of this package, whose changes make other images."""
    digest = hashlib.sha256()
    for path in sorted(_INIT.parent.iterdir()):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _vmlinux(kernel: PackageTree) -> bytes:
    path = kernel.only("boot/vmlinuz-*")
    return extract_vmlinux(kernel.read(path), str(kernel.root / path))


def _remove_old(place: Path) -> None:
    """Remove the images and kernels that were not used for longest, beyond those that are kept."""
    for pattern in ("initramfs-*", "vmlinux-*"):
        by_use = sorted(place.glob(pattern), key=lambda path: path.stat().st_atime_ns)
        for path in by_use[:-_KEPT]:
            path.unlink()


def _put(path: Path, making: Path, blocks: Iterable[bytes]) -> None:
    """Write a file that is there whole or not at all, also after the power fails."""
    draft = making / path.name
    with draft.open("xb") as file:
        for block in blocks:
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    mark_whole(draft)
    draft.replace(path)
