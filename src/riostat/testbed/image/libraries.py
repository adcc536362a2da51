"""Programs with the shared libraries that they need, from packages and from this machine."""

import posixpath
import stat
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from riostat.core.errors import ImageError
from riostat.core.text import printable
from riostat.testbed.image.elf import Needs, is_elf, is_x86_64, read_needs
from riostat.testbed.image.newc import Archive
from riostat.testbed.packages.tree import PackageTree

__all__ = ["Programs"]

_LIBRARIES = "lib/x86_64-linux-gnu"
# Where libraries are in packages, and on machines; patterns.
_PACKAGED = (
    "lib/x86_64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/xen-*/lib/x86_64-linux-gnu",
)
_ON_MACHINES = (
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib",
    "/usr/lib", "/usr/local/lib",
)  # fmt: skip
_LOADER_CONFIGURATION = Path("/etc/ld.so.conf.d")
_PROGRAM_BYTES_MAX = 1 << 30


class Programs:
    """Adds programs to an archive, and once each the libraries that they need.

    A library comes from `trees`, the first that has it, so that a guest has one C library; from
    this machine only where no package has it, and the program is this machine's.
    """

    def __init__(self, archive: Archive, trees: Sequence[PackageTree]) -> None:
        self._archive = archive
        self._trees = trees
        self._folders = [(tree, folder) for tree in trees for folder in _packaged_folders(tree)]
        self._added: dict[str, frozenset[str]] = {}  # with the versions of symbols in them

    def add_packaged(self, pattern: str, path: str) -> None:
        """Add the files of packages that a pattern (fnmatch) matches.

        `path` is where in the guest; empty for where they are in the package, which is needed
        where there are several. Raises `ImageError` where there is none.
        """
        for tree in self._trees:
            found = [name for name in tree.paths(pattern.lstrip("/")) if tree.resolve(name)]
            if len(found) > 1 and path:
                raise ImageError(
                    f"{printable(pattern)!r} means {len(found)} files of the packages, and there "
                    f"is one place for them, {printable(path)!r}; name one of them."
                )
            for name in found:
                content, is_executable = tree.read(name), tree.is_executable(name)
                self._archive.add_file(path or name, content, is_executable=is_executable)
                if is_elf(content):
                    self._add_needs(content, f"{tree.root}/{name}", ())
            if found:
                return
        raise ImageError(
            f"No package of the image has a file {printable(pattern)!r}; correct the path, or add "
            "the package that has it."
        )

    def add_from_machine(self, source: Path, path: str) -> None:
        """Add a file of this machine, at `path` in the guest.

        Raises `ImageError` where it cannot be read, is for another machine, or needs a library
        that is not found.
        """
        file = _read_file(source)
        self._archive.add_file(path, file.content, is_executable=file.is_executable)
        if is_elf(file.content):
            self._add_needs(file.content, str(source), (source.resolve().parent,))

    def _add_needs(self, content: bytes, name: str, origin: tuple[Path, ...]) -> None:
        """Add the libraries of a file; `origin` is the folder of a file of this machine."""
        self._add_needed(read_needs(content, name), name, origin)

    def _add_needed(self, needs: Needs, name: str, origin: tuple[Path, ...]) -> None:
        if needs.interpreter:
            loader = posixpath.basename(needs.interpreter)
            self._add_library(loader, needs.interpreter, name, origin, needs.paths)
        for library in needs.libraries:
            self._add_library(library, f"{_LIBRARIES}/{library}", name, origin, needs.paths)
        for library, version in needs.versions:
            provided = self._added.get(library)
            if provided and version not in provided:
                raise ImageError(
                    f"{name} needs {printable(version)} of {printable(library)}, and the one of "
                    "the image is older; build it where Debian 12 runs, or link it statically."
                )

    def _add_library(
        self, library: str, path: str, name: str, origin: tuple[Path, ...], paths: Iterable[str]
    ) -> None:
        if library in self._added:
            return
        if "/" in library:
            raise ImageError(
                f"{name} needs the library {printable(library)!r} by its path; link it by name."
            )
        for tree, folder in self._folders:
            found = tree.resolve(f"{folder}/{library}")
            if found is not None:
                self._put_library(library, path, tree.read(found), f"{tree.root}/{found}", ())
                return
        for place in _machine_folders(origin, paths) if origin else ():
            source = place / library
            if source.is_file() and _is_for_guests(source):
                content = _read_file(source).content
                self._put_library(library, path, content, str(source), (place,))
                return
        raise ImageError(
            f"{name} needs the library {printable(library)}, which neither the image's packages "
            "nor this machine have where loaders look; add its package, or link it statically."
        )

    def _put_library(
        self, library: str, path: str, content: bytes, name: str, origin: tuple[Path, ...]
    ) -> None:
        needs = read_needs(content, name)
        self._added[library] = needs.provided
        self._archive.add_file(path, content, is_executable=True)
        self._add_needed(needs, name, origin)


class _MachineFile(NamedTuple):
    """A file of this machine, as it comes into an image."""

    content: bytes
    is_executable: bool


def _read_file(source: Path) -> _MachineFile:
    """Return a file of this machine; raises `ImageError` where it is none that can be read."""
    try:
        status = source.stat()
        reason = None if stat.S_ISREG(status.st_mode) else "it is no file"
        if status.st_size > _PROGRAM_BYTES_MAX:
            reason = f"it has more than {_PROGRAM_BYTES_MAX} bytes"
        content = source.read_bytes() if reason is None else b""
        is_executable = bool(status.st_mode & 0o111)
    except OSError as error:
        reason, content, is_executable = error.strerror, b"", False
    if reason is not None:
        raise ImageError(
            f"The file {source} cannot be put into an image ({reason}); give the path of a file "
            "that this user can read."
        )
    return _MachineFile(content, is_executable)


def _packaged_folders(tree: PackageTree) -> tuple[str, ...]:
    """Return the folders of a tree that libraries are looked for in."""
    folders = {posixpath.dirname(path) for path in tree.paths("*.so*")}
    return tuple(
        folder
        for pattern in _PACKAGED
        for folder in sorted(folders)
        if fnmatchcase(folder, pattern)
    )


def _machine_folders(origin: tuple[Path, ...], paths: Iterable[str]) -> Iterator[Path]:
    """Yield the folders in which this machine's loader looks for libraries, ld.so(8)."""
    (folder,) = origin
    for path in paths:
        yield Path(path.replace("$ORIGIN", str(folder)).replace("${ORIGIN}", str(folder)))
    yield from map(Path, _ON_MACHINES)
    for file in sorted(_LOADER_CONFIGURATION.glob("*.conf")):
        lines = file.read_text(errors="replace").splitlines()
        yield from (Path(line.strip()) for line in lines if line.startswith("/"))


def _is_for_guests(source: Path) -> bool:
    """Tell whether a library can be of use; the loader, too, passes over those that cannot."""
    with source.open("rb") as file:
        return is_x86_64(file.read(64))
