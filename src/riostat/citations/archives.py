"""Documents in folders and archives, one after the other, with nothing unpacked.

Members of an archive are read in memory and never written, so a path in one leads nowhere; names
that try to (absolute, with ``..``, links, devices) are refused all the same, because whoever made
them meant harm. What an archive unpacks to is bounded, in members and in bytes.
"""

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from riostat.citations.documentfile import DOCUMENT_SUFFIXES
from riostat.citations.jats.reading import FILE_BYTES_MAX
from riostat.core.errors import DocumentError
from riostat.core.text import printable

if TYPE_CHECKING:
    from io import BufferedReader

__all__ = ["ARCHIVE_SUFFIXES", "SourceFile", "count_sources", "read_sources"]

ARCHIVE_SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
_MEMBERS_MAX = 2_000_000
_RATIO_MAX = 200  # text in XML is a tenth of itself when it is packed; a bomb is a thousandth
_RATIO_FREE_BYTES = 1 << 20
_BETWEEN_MEMBERS_MAX = 4 << 20

_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The bytes of a file, or the reason why there are none."""

    name: str
    data: bytes
    refusal: DocumentError | None = None


def count_sources(paths: list[Path]) -> int:
    """Return how many files and archives there are; an archive counts as one."""
    return sum(1 for path in paths for _ in _files(path))


def read_sources(paths: list[Path]) -> Iterator[tuple[SourceFile, bool]]:
    """Yield every document below `paths`, and whether it is the last one of its file.

    A path that is given itself must exist and be of a kind that is read; within folders and
    archives, what is of no such kind is passed over.
    """
    for given in paths:
        if not given.is_dir() and not given.is_file():
            error = DocumentError(
                f"There is no file or folder {printable(str(given))}; give a path that is there."
            )
            yield SourceFile(str(given), b"", error), True
        for path in _files(given):
            yield from _marked(_sources(path), str(path))


def _marked(sources: Iterator[SourceFile], name: str) -> Iterator[tuple[SourceFile, bool]]:
    previous = None
    for source in sources:
        if previous is not None:
            yield previous, False
        previous = source
    if previous is None:
        error = DocumentError(f"The archive {printable(name)} has no document in it; leave it out.")
        previous = SourceFile(name, b"", error)
    yield previous, True


def _files(given: Path) -> Iterator[Path]:
    if given.is_dir():
        for path in sorted(given.rglob("*")):
            if path.name.lower().endswith((*DOCUMENT_SUFFIXES, *ARCHIVE_SUFFIXES)) and (
                path.is_file() and not path.name.startswith(".")
            ):
                yield path
    elif given.is_file():
        yield given


def _sources(path: Path) -> Iterator[SourceFile]:
    name = path.name.lower()
    try:
        if name.endswith(".zip"):
            yield from _zip_members(path)
        elif name.endswith(ARCHIVE_SUFFIXES):
            yield from _tar_members(path)
        else:
            with path.open("rb") as file:
                yield SourceFile(str(path), file.read(FILE_BYTES_MAX + 1))
    except _BROKEN as error:
        reason = printable(str(error))[:160]
        yield SourceFile(
            str(path),
            b"",
            DocumentError(
                f"The file {printable(str(path))} cannot be read ({reason}); get it again."
            ),
        )


class _Metered:
    """A stream that ends in an error where a reader asks for more of it than it was granted.

    tarfile holds in memory what stands between members: long names, tables of sparse files.
    """

    def __init__(self, stream: "BufferedReader | gzip.GzipFile") -> None:
        self._stream = stream
        self._left = _BETWEEN_MEMBERS_MAX

    def grant(self, count: int) -> None:
        """Let the data of a member be read or skipped, and what stands before the next."""
        self._left = count + _BETWEEN_MEMBERS_MAX

    def read(self, count: int) -> bytes:
        """Return up to `count` bytes, none at the end."""
        self._left -= count
        if self._left < 0:
            raise tarfile.ReadError("there is too much between two members")
        return self._stream.read(count)


def _unpacked(path: Path) -> "BufferedReader | gzip.GzipFile":
    if path.suffix.lower() == ".tar":
        return path.open("rb")
    return gzip.GzipFile(path)


def _tar_members(path: Path) -> Iterator[SourceFile]:
    packed = path.stat().st_size
    with _unpacked(path) as stream:
        metered = _Metered(stream)
        with tarfile.open(fileobj=metered, mode="r|") as archive:  # type: ignore[call-overload]  # it has what a stream needs
            unpacked = 0
            for count, member in enumerate(archive, start=1):
                metered.grant(member.size)
                archive.members.clear()  # tarfile would keep all of them
                unpacked += member.size
                refusal = _refused_total(path, count, unpacked, packed)
                if refusal is not None:
                    yield refusal
                    return
                name = f"{path}:{member.name}"
                if member.isdir():
                    continue
                if _is_trick(member.name) or not member.isreg():
                    yield _trick(name)
                elif member.name.lower().endswith(DOCUMENT_SUFFIXES):
                    file = archive.extractfile(member)
                    assert file is not None
                    yield SourceFile(name, file.read(FILE_BYTES_MAX + 1))


def _zip_members(path: Path) -> Iterator[SourceFile]:
    packed = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        unpacked = 0
        for count, member in enumerate(archive.infolist(), start=1):
            unpacked += member.file_size
            refusal = _refused_total(path, count, unpacked, packed)
            if refusal is not None:
                yield refusal
                return
            if member.filename.endswith("/"):
                continue
            name = f"{path}:{member.filename}"
            if _is_trick(member.orig_filename):
                yield _trick(name)
            elif member.filename.lower().endswith(DOCUMENT_SUFFIXES):
                yield _zip_member(archive, member, name)


def _zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> SourceFile:
    try:
        with archive.open(member) as file:
            return SourceFile(name, file.read(FILE_BYTES_MAX + 1))
    except _BROKEN as error:
        reason = printable(str(error))[:160]
        return SourceFile(
            name,
            b"",
            DocumentError(
                f"The member {printable(name)} cannot be unpacked ({reason}); get it again."
            ),
        )


def _is_trick(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or "\0" in name or name[1:2] == ":"


def _trick(name: str) -> SourceFile:
    error = DocumentError(
        f"The member {printable(name)} is a link or leads out of its archive, which no article "
        "needs; leave it out."
    )
    return SourceFile(name, b"", error)


def _refused_total(path: Path, count: int, unpacked: int, packed: int) -> SourceFile | None:
    if count <= _MEMBERS_MAX and unpacked <= max(packed, 1) * _RATIO_MAX + _RATIO_FREE_BYTES:
        return None
    error = DocumentError(
        f"The archive {printable(str(path))} unpacks to more than {_RATIO_MAX} times its size or "
        f"has more than {_MEMBERS_MAX} members; what comes after is left out."
    )
    return SourceFile(str(path), b"", error)
