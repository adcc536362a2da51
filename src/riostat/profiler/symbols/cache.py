"""Symbol tables kept on disk, by build-id or boot, so that a file is decoded once.

A file of the cache is a header (magic and version, CRC-32 of all that follows, length of the
description), the description in JSON, and the arrays, each at a multiple of 8 bytes. A file that
is damaged, of another version or not ours counts as absent, and is written anew.
"""

import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from riostat.core.memory import read_fresh
from riostat.core.wholefile import write_whole
from riostat.profiler.symbols.table import SymbolTable

__all__ = ["SymbolCache"]

_MAGIC = b"RIOSYM\0\1"
_HEADER = struct.Struct("<8sII")
_SUFFIX = ".symbols"
_SIZE_MAX = 512 << 20


class _Description(msgspec.Struct):
    """What a file of the cache holds, and how many functions, segments and bytes of names."""

    key: str
    stamp: str
    name: str
    source: str
    modules: tuple[str, ...]
    functions: int
    segments: int
    names: int


class SymbolCache:
    """Symbol tables in a directory of at most `size_max` bytes: the oldest files leave it."""

    def __init__(self, directory: Path, *, size_max: int = _SIZE_MAX) -> None:
        self.directory = directory
        self._size_max = size_max

    def load(self, key: str, *, stamp: str = "") -> SymbolTable | None:
        """Return the table that was stored under a key and the same stamp, or None."""
        try:
            content = _content(self.directory / f"{key}{_SUFFIX}")
        except OSError:
            return None
        if len(content) < _HEADER.size:
            return None
        magic, checksum, length = _HEADER.unpack_from(content)
        if magic != _MAGIC or checksum != zlib.crc32(content[_HEADER.size :]):
            return None
        head = content[_HEADER.size : _HEADER.size + length]
        try:
            description = msgspec.json.decode(head, type=_Description)
        except msgspec.MsgspecError:
            return None
        if description.key != key or description.stamp != stamp:
            return None
        return _decode(content, _padded(_HEADER.size + length), description)

    def store(self, key: str, table: SymbolTable, *, stamp: str = "") -> None:
        """Keep a table under a key. Without room or permission it is decoded again next time."""
        parts = _encode(key, stamp, table)
        with suppress(OSError):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self.directory / f"{key}{_SUFFIX}", *parts)
            self._remove_oldest()

    def _remove_oldest(self) -> None:
        files = [(path.stat(), path) for path in self.directory.iterdir() if path.is_file()]
        files.sort(key=lambda file: file[0].st_mtime_ns)
        excess = sum(status.st_size for status, _ in files) - self._size_max
        for status, path in files[:-1]:  # the newest stays, however large it is
            if excess <= 0:
                return
            path.unlink(missing_ok=True)
            excess -= status.st_size


def _encode(key: str, stamp: str, table: SymbolTable) -> list[bytes]:
    description = msgspec.json.encode(
        _Description(
            key=key,
            stamp=stamp,
            name=table.name,
            source=table.source,
            modules=table.module_names,
            functions=len(table),
            segments=len(table.segments),
            names=len(table.names),
        )
    )
    arrays: list[npt.NDArray[np.unsignedinteger]] = [
        table.starts,
        table.ends,
        table.segments,
        table.name_starts,
        table.name_lengths,
        table.module_codes,
    ]
    head = _at_multiple(bytes(_HEADER.size) + description)[_HEADER.size :]
    body = [head, *(_at_multiple(array.tobytes()) for array in arrays)]
    body.append(bytes(table.names))
    checksum = 0
    for part in body:
        checksum = zlib.crc32(part, checksum)
    return [_HEADER.pack(_MAGIC, checksum, len(description)), *body]


def _content(path: Path) -> memoryview:
    """What a file holds."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return read_fresh(descriptor, _SIZE_MAX)
    finally:
        os.close(descriptor)


def _decode(content: memoryview, at: int, description: _Description) -> SymbolTable:
    """The table that a whole file of ours describes: its checksum says that it is one."""
    count, segments = description.functions, description.segments
    places = [at]
    for size in (8 * count, 8 * count, 24 * segments, 4 * count, 2 * count, 2 * count):
        places.append(places[-1] + _padded(size))
    return SymbolTable(
        name=description.name,
        reason=None,
        source=description.source,
        starts=np.frombuffer(content, np.uint64, count, places[0]),
        ends=np.frombuffer(content, np.uint64, count, places[1]),
        segments=np.frombuffer(content, np.uint64, segments * 3, places[2]).reshape(-1, 3),
        name_starts=np.frombuffer(content, np.uint32, count, places[3]),
        name_lengths=np.frombuffer(content, np.uint16, count, places[4]),
        module_codes=np.frombuffer(content, np.uint16, count, places[5]),
        names=content[places[6] : places[6] + description.names],
        module_names=description.modules,
    )


def _padded(size: int) -> int:
    return (size + 7) // 8 * 8


def _at_multiple(part: bytes) -> bytes:
    return part + bytes(_padded(len(part)) - len(part))
