"""The archive that an initramfs is: cpio in the format ``newc``, the same bytes each time.

Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

import posixpath
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from riostat.core.errors import ImageError
from riostat.core.text import printable

__all__ = ["Archive"]

_MAGIC = b"070701"
_END = "TRAILER!!!"
_ALIGNMENT = 4
_BLOCK = 512
_SIZE_MAX = (1 << 32) - 1
_PATH_BYTES_MAX = 4095  # PATH_MAX less the NUL


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Archive:
    """Files, folders, links and device nodes by path, all root's and without a time."""

    _entries: dict[str, _Entry] = field(default_factory=dict)

    def add_file(self, path: str, content: bytes, *, is_executable: bool = False) -> None:
        """Add a file; one that is there already is replaced.

        Raises `ImageError` for a path that cannot be, or with more than 4 GiB of content.
        """
        if len(content) > _SIZE_MAX:
            raise ImageError(
                f"The file {printable(path)} has {len(content)} bytes, and one of an initramfs has "
                f"at most {_SIZE_MAX}; give the guest a disk with it."
            )
        mode = stat.S_IFREG | (0o755 if is_executable else 0o644)
        self._add(path, _Entry(mode, content))

    def add_link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self._add(path, _Entry(stat.S_IFLNK | 0o777, target.encode()))

    def add_folder(self, path: str, *, mode: int = 0o755) -> None:
        """Add a folder; those above it are added with whatever is in them."""
        self._add(path, _Entry(stat.S_IFDIR | mode))

    def add_character_device(self, path: str, major: int, minor: int) -> None:
        """Add the node of a character device, for root alone."""
        self._add(path, _Entry(stat.S_IFCHR | 0o600, device=(major, minor)))

    def __contains__(self, path: str) -> bool:
        return _plain(path) in self._entries

    def blocks(self) -> Iterator[bytes]:
        """Yield the archive's bytes: folders before what is in them, names in order."""
        number = 1
        length = 0
        for path in sorted(self._entries, key=lambda path: path.split("/")):
            for block in _encode(path, self._entries[path], number):
                length += len(block)
                yield block
            number += 1
        for block in _encode(_END, _Entry(0), 0):
            length += len(block)
            yield block
        yield bytes(-length % _BLOCK)

    def _add(self, path: str, entry: _Entry) -> None:
        path = _plain(path)
        for parent in _parents(path):
            above = self._entries.setdefault(parent, _Entry(stat.S_IFDIR | 0o755))
            if not stat.S_ISDIR(above.mode):
                raise ImageError(
                    f"{printable(path)!r} cannot be in an image, because {printable(parent)!r} is "
                    "no folder there; choose another path."
                )
        there = self._entries.get(path)
        if there is not None and stat.S_ISDIR(there.mode) != stat.S_ISDIR(entry.mode):
            raise ImageError(
                f"{printable(path)!r} would be a folder and a file of one image; choose another "
                "path."
            )
        self._entries[path] = entry


def _plain(path: str) -> str:
    """Return a path without a leading slash; raises `ImageError` where it leads elsewhere."""
    plain = path.strip("/")
    parts = plain.split("/")
    is_text = plain.isprintable() and len(plain.encode()) <= _PATH_BYTES_MAX
    if not is_text or plain == _END or any(part in {"", ".", ".."} for part in parts):
        raise ImageError(
            f"{printable(path[:_PATH_BYTES_MAX])!r} is no path that a file of an image can have; "
            "give one without empty parts, `.` and `..`."
        )
    return plain


def _parents(path: str) -> Iterable[str]:
    parent = posixpath.dirname(path)
    while parent:
        yield parent
        parent = posixpath.dirname(parent)


def _encode(path: str, entry: _Entry, number: int) -> Iterator[bytes]:
    name = path.encode() + b"\0"
    fields = (
        number,
        entry.mode,
        0,  # uid
        0,  # gid
        1 if entry.mode else 0,  # links; none to the end
        0,  # time
        len(entry.content),
        0,  # device that the file lies on, major and minor
        0,
        *entry.device,
        len(name),
        0,  # checksum, of another format
    )
    header = _MAGIC + b"".join(b"%08x" % value for value in fields) + name
    yield header + bytes(-len(header) % _ALIGNMENT)
    yield entry.content
    yield bytes(-len(entry.content) % _ALIGNMENT)
