"""Laying packages out in a folder, with nothing of theirs outside of it.

A package is hostile until it is laid out: its names must be relative and plain, a file is never
written through a link, devices and sockets are left out, set-user-id bits are dropped, and sizes
are bounded. Links are kept as they are; `PackageTree` follows them as if the folder were the root.
"""

import hashlib
import os
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from riostat.core.errors import PackageError
from riostat.core.text import printable
from riostat.testbed.packages.deb import files_of
from riostat.testbed.packages.tree import Listing, PackedFile

__all__ = ["lay_out"]

_BYTES_MAX = 4 << 30
_FILES_MAX = 200_000
_PATH_BYTES_MAX = 1024
_CHUNK = 1 << 20


def lay_out(debs: Iterable[Path], root: Path) -> Listing:
    """Write the files of packages under `root`, an empty folder, and return what was written.

    Raises `PackageError` for a package that is damaged or hostile, and `OSError` as files do.
    """
    layout = _Layout(root)
    for deb in debs:
        with files_of(deb) as files:
            for member in files:
                layout.add(files, member, deb.name)
    return Listing(layout.files, layout.links)


@dataclass(slots=True)
class _Layout:
    root: Path
    files: dict[str, PackedFile] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    size: int = 0

    def add(self, files: tarfile.TarFile, member: tarfile.TarInfo, deb: str) -> None:
        path = _plain(member.name, deb)
        if not path:
            return
        if len(self.files) + len(self.links) + len(self.folders) >= _FILES_MAX:
            raise PackageError(f"The package {deb} has more than {_FILES_MAX} files; remove it.")
        if member.isdir():
            self._make_folder(path, deb)
        elif member.issym():
            if not _is_text(member.linkname) or len(member.linkname) > _PATH_BYTES_MAX:
                raise PackageError(f"The package {deb} has a link to no path; remove it.")
            self._make_room(path, deb)
            (self.root / path).symlink_to(member.linkname)
            self.links[path] = member.linkname
        elif member.islnk():
            self._make_hard_link(path, _plain(member.linkname, deb), deb)
        elif member.isreg():
            content = files.extractfile(member)
            assert content is not None
            self._write(path, content, member, deb)

    def _make_folder(self, path: str, deb: str) -> None:
        if path in self.folders:
            return
        if path in self.links or path in self.files:
            # Where one package has a link to a folder, another may have the folder itself; the
            # guests' distribution has no such pair, and following the link is what an attack does.
            raise PackageError(
                f"The package {deb} has {printable(path)!r} as a folder and as something else; "
                "remove it."
            )
        parent = str(PurePosixPath(path).parent)
        if parent != ".":
            self._make_folder(parent, deb)
        (self.root / path).mkdir(mode=0o755)
        self.folders.add(path)

    def _make_room(self, path: str, deb: str) -> None:
        """Make the folder around a path, and remove what another package has in its place."""
        parent = str(PurePosixPath(path).parent)
        if parent != ".":
            self._make_folder(parent, deb)
        if path in self.folders:
            raise PackageError(
                f"The package {deb} has {printable(path)!r} as a folder and as something else; "
                "remove it."
            )
        if self.files.pop(path, None) or self.links.pop(path, None):
            (self.root / path).unlink()

    def _make_hard_link(self, path: str, target: str, deb: str) -> None:
        if target not in self.files or target == path:
            raise PackageError(
                f"The package {deb} links {printable(path)!r} to a file that it does not have; "
                "remove it."
            )
        linked = self.files[target]
        self._make_room(path, deb)
        os.link(self.root / target, self.root / path)
        self.files[path] = linked

    def _write(self, path: str, content: IO[bytes], member: tarfile.TarInfo, deb: str) -> None:
        self.size += member.size
        if self.size > _BYTES_MAX:
            raise PackageError(f"The package {deb} has more than {_BYTES_MAX} bytes; remove it.")
        self._make_room(path, deb)
        digest = hashlib.sha256()
        is_executable = bool(member.mode & 0o111)
        target = self.root / path
        with target.open("xb") as file:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
            os.fchmod(file.fileno(), 0o755 if is_executable else 0o644)
        os.utime(target, (0, 0))  # a file that is written to later has another time
        self.files[path] = PackedFile(member.size, digest.hexdigest(), is_executable)


def _plain(name: str, deb: str) -> str:
    """Return a path relative to the root, empty for the root itself."""
    path = name.removeprefix("./").rstrip("/")
    if path in {"", "."}:
        return ""
    parts = path.split("/")
    is_named = _is_text(path) and len(path) <= _PATH_BYTES_MAX
    if not is_named or any(part in {"", ".", ".."} for part in parts):
        raise PackageError(
            f"The package {deb} has a file {printable(name[:_PATH_BYTES_MAX])!r} outside of "
            "itself; remove it."
        )
    return path


def _is_text(name: str) -> bool:
    """Tell whether a name from an archive is text without surrogates for bytes, or a NUL."""
    return bool(name) and "\0" not in name and not any("\ud800" <= c <= "\udfff" for c in name)
