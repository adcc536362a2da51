"""A folder that packages were unpacked into, read as if it were the root of a file system."""

import hashlib
import posixpath
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from riostat.core.errors import PackageError

__all__ = ["Listing", "PackageTree", "PackedFile"]

_LINKS_MAX = 40  # as Linux follows them, path_resolution(7)


class PackedFile(msgspec.Struct, frozen=True, array_like=True):
    """One file as it was unpacked: its size in bytes, its SHA-256, and whether it is a program."""

    size: int
    sha256: str
    is_executable: bool


class Listing(msgspec.Struct, frozen=True):
    """All that was unpacked: files and links, by their paths without a leading slash."""

    files: dict[str, PackedFile]
    links: dict[str, str]


class PackageTree:
    """Files of packages; each is checked against its checksum when it is read."""

    def __init__(self, root: Path, listing: Listing, key: str) -> None:
        """Open the tree at `root`; `key` is a hash of the packages that it was made of."""
        self.root = root
        self.key = key
        self._listing = listing

    def is_whole(self) -> bool:
        """Tell whether every file is there with its size, and not written to since."""
        for path, packed in self._listing.files.items():
            try:
                status = (self.root / path).lstat()
            except OSError:
                return False
            if status.st_size != packed.size or status.st_mtime_ns:
                return False
        return True

    def paths(self, pattern: str) -> list[str]:
        """Return the paths of files and links that a pattern (fnmatch) matches, sorted."""
        names = (*self._listing.files, *self._listing.links)
        return sorted(path for path in names if fnmatchcase(path, pattern))

    def only(self, pattern: str) -> str:
        """Return the one file that a pattern leads to; raises `PackageError` for none or more."""
        found = [file for file in map(self.resolve, self.paths(pattern)) if file is not None]
        if len(found) != 1:
            raise PackageError(
                f"The packages in {self.root} have {len(found)} files {pattern!r}, and must have "
                "one; get them from another place."
            )
        return found[0]

    def resolve(self, path: str) -> str | None:
        """Return the path of the file that a path leads to over links, or None without one."""
        steps = path.strip("/").split("/")[::-1]
        done = ""
        links = 0
        while steps:
            step = steps.pop()
            if step in {"", "."}:
                continue
            if step == "..":
                done = posixpath.dirname(done)
                continue
            here = f"{done}/{step}" if done else step
            target = self._listing.links.get(here)
            if target is None:
                done = here
                continue
            links += 1
            if links > _LINKS_MAX:
                return None
            if target.startswith("/"):
                done = ""
            steps += target.strip("/").split("/")[::-1]
        return done if done in self._listing.files else None

    def is_executable(self, path: str) -> bool:
        """Tell whether a file, which must be in the tree, is a program."""
        found = self.resolve(path)
        assert found is not None, path
        return self._listing.files[found].is_executable

    def read(self, path: str) -> bytes:
        """Return the content of a file, which must be in the tree.

        Raises `PackageError` where it is not what was unpacked.
        """
        found = self.resolve(path)
        assert found is not None, path
        try:
            content = (self.root / found).read_bytes()
        except OSError as error:
            raise self._damaged(found) from error
        if hashlib.sha256(content).hexdigest() != self._listing.files[found].sha256:
            raise self._damaged(found)
        return content

    def _damaged(self, path: str) -> PackageError:
        return PackageError(
            f"The file {self.root / path} is not what was unpacked; remove the folder {self.root}, "
            "and it is unpacked anew."
        )
