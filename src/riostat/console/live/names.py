"""Names of the functions that live samples hit, with a bound on the memory that symbols take.

What an address is called is remembered; the symbol tables that said so are let go of when they
have become many, and a very large one is asked again only after a while.
"""

import ctypes
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from riostat.core.clock import Clock
from riostat.profiler.mappings import MappedFile
from riostat.profiler.symbols.symbolizer import Symbolizer
from riostat.profiler.symbols.table import UNKNOWN, SymbolTable

__all__ = ["UNNAMED", "Function", "LiveNames", "Place"]

Place = tuple[MappedFile | None, int]
"""Where a sample hit: a file (None for the kernel) and the offset in it (the kernel's address)."""
Function = tuple[str, str]
"""Module and symbol."""
UNNAMED: Function = (UNKNOWN, UNKNOWN)

_TABLE_BYTES = 20 << 20
_LARGE_TABLE_BYTES = 8 << 20
_LARGE_TABLE_REST_NS = 60_000_000_000
_NAMES = 1 << 15
_FILES = 1000

# The C library keeps what was freed, which after reading a large table is tens of megabytes.
_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)


class LiveNames:
    """Names by place."""

    def __init__(self, symbols: Path, clock: Clock) -> None:
        self._cache = symbols
        self._clock = clock
        self._symbolizer = Symbolizer(symbols)
        self._kernel = ("", "", "")
        self._names: dict[Place, Function] = {}
        self._loaded: set[MappedFile | None] = set()
        self._sizes: dict[MappedFile | None, int] = {}
        self._resting: dict[MappedFile | None, int] = {}

    def set_kernel(self, release: str, build_id: str, boot_id: str) -> None:
        """Say which kernel the addresses of the kernel belong to."""
        if self._kernel != (release, build_id, boot_id):
            self._kernel = (release, build_id, boot_id)
            self._names.clear()

    def find(self, places: Iterable[tuple[Place, int]]) -> Mapping[Place, Function]:
        """Return the functions at places, each given with the process that was seen there."""
        if len(self._names) > _NAMES:
            self._names.clear()
        unknown: dict[MappedFile | None, dict[int, int]] = {}
        for (file, offset), pid in places:
            if (file, offset) not in self._names:
                unknown.setdefault(file, {})[offset] = pid
        for file, offsets in unknown.items():
            self._look_up(file, offsets)
        if not unknown.keys() <= self._loaded:
            self._loaded |= unknown.keys()
            self._release()
        return self._names

    def _release(self) -> None:
        """Give memory back that reading tables took, and the tables where they are too many."""
        if sum(self._sizes.values()) > _TABLE_BYTES or len(self._loaded) > _FILES:
            self._symbolizer = Symbolizer(self._cache)
            self._sizes.clear()
            self._loaded.clear()
            now_ns = self._clock.monotonic_ns()
            self._resting = {f: until for f, until in self._resting.items() if until > now_ns}
        if _trim is not None:
            _trim(0)

    def _look_up(self, file: MappedFile | None, offsets: Mapping[int, int]) -> None:
        now_ns = self._clock.monotonic_ns()
        if now_ns < self._resting.get(file, 0):
            return
        table = self._table(file, next(iter(offsets.values())))
        self._sizes[file] = _bytes_of(table)
        if self._sizes[file] > _LARGE_TABLE_BYTES and file is not None:
            self._resting[file] = now_ns + _LARGE_TABLE_REST_NS
        wanted = np.fromiter(offsets, np.uint64, len(offsets))
        found = table.lookup(wanted) if file is None else table.lookup_offsets(wanted)
        for offset, index in zip(offsets, found.tolist(), strict=True):
            self._names[file, offset] = (table.module(index), table.symbol(index))

    def _table(self, file: MappedFile | None, pid: int) -> SymbolTable:
        if file is None:
            return self._symbolizer.kernel(*self._kernel)
        return self._symbolizer.module(file.path, file.build_id, inode=file.inode, root_pid=pid)


def _bytes_of(table: SymbolTable) -> int:
    arrays = (table.starts, table.ends, table.name_starts, table.name_lengths, table.module_codes)
    # A table that was kept is views into its file's bytes, and its names once more.
    return 2 * len(table.names) + sum(array.nbytes for array in arrays)
