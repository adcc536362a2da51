"""The functions that an ELF file names: its symbol tables read in bulk.

Which names count, and which of several at one address is shown, follows perf
(``dso__load_sym_internal`` and ``choose_best_symbol`` in ``tools/perf/util``), except that a label
inside a function does not hide the function.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from riostat.core.errors import SymbolError
from riostat.profiler.symbols.elf import ElfFile, Section
from riostat.profiler.symbols.table import Addresses, SymbolTable

__all__ = [
    "Functions",
    "SymbolEntries",
    "read_functions",
    "symbol_entries",
    "table_of_functions",
]

# Chromium with debug information has 1.5 million symbols and 150 MB of names.
_SYMBOLS_MAX = 1 << 22
_STRINGS_MAX = 256 << 20
_NAME_LENGTH_MAX = 4096

_SYMBOL_32 = np.dtype(
    [
        ("name", "<u4"),
        ("value", "<u4"),
        ("size", "<u4"),
        ("info", "u1"),
        ("other", "u1"),
        ("section", "<u2"),
    ]
)
_SYMBOL_64 = np.dtype(
    [
        ("name", "<u4"),
        ("info", "u1"),
        ("other", "u1"),
        ("section", "<u2"),
        ("value", "<u8"),
        ("size", "<u8"),
    ]
)

_NOTYPE, _FUNCTION, _IFUNC = 0, 2, 10
_GLOBAL, _WEAK = 1, 2
_HIDDEN, _INTERNAL = 2, 1
_SPECIAL_SECTIONS = 0xFF00
_SECTION_EXECUTABLE = 4
_ARM = 40
_PAGE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Functions:
    """Functions in no order, several of them at one address. `labels` have no type in the file."""

    starts: Addresses
    sizes: Addresses
    names: list[bytes]
    bindings: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.bool_]

    @classmethod
    def empty(cls) -> Self:
        """Return no functions."""
        none = np.zeros(0, np.uint64)
        return cls(none, none, [], np.zeros(0, np.uint8), np.zeros(0, np.bool_))

    def __add__(self, other: "Functions") -> "Functions":
        return Functions(
            np.concatenate([self.starts, other.starts]),
            np.concatenate([self.sizes, other.sizes]),
            self.names + other.names,
            np.concatenate([self.bindings, other.bindings]),
            np.concatenate([self.labels, other.labels]),
        )

    def select(self, indices: npt.NDArray[np.int64]) -> "Functions":
        """Return those at some indices."""
        names = self.names
        return Functions(
            self.starts[indices],
            self.sizes[indices],
            [names[index] for index in indices.tolist()],
            self.bindings[indices],
            self.labels[indices],
        )

    def resolved(self) -> "Functions":
        """Return them by ascending address, with the one name of each that is shown."""
        lengths = np.array([len(name) for name in self.names], np.int64)
        underscores = np.array([len(name) - len(name.lstrip(b"_")) for name in self.names])
        order = np.lexsort(
            (
                -lengths,
                underscores,
                self.bindings != _GLOBAL,
                self.bindings == _WEAK,
                self.labels,
                self.sizes == 0,
                self.starts,
            )
        )
        first = np.append(True, np.diff(self.starts[order]) != 0)
        return self.select(order[first]).without_inner_labels()

    def without_inner_labels(self) -> "Functions":
        """Return them, sorted, without labels in functions: places in assembly, not routines."""
        sized = ~self.labels & (self.sizes > 0)
        ends = np.where(sized, _ends(self.starts, self.sizes), 0).astype(np.uint64)
        inner = self.labels & (self.starts < np.maximum.accumulate(ends))
        return self.select(np.flatnonzero(~inner)) if inner.any() else self


def _ends(starts: Addresses, sizes: Addresses) -> Addresses:
    """Where functions end, whatever sizes a hostile file gives them."""
    room = np.uint64(0xFFFF_FFFF_FFFF_FFFF) - starts
    ends: Addresses = starts + np.minimum(sizes, room)
    return ends


def table_of_functions(name: str, source: str, functions: Functions, elf: ElfFile) -> SymbolTable:
    """Make the table of a file: of functions from anywhere, and the segments of `elf`.

    A function without a size reaches to the next one, the last to the end of the next page.
    """
    if not functions.names:
        return SymbolTable.empty(name)
    shown = functions.resolved()
    after_last = (shown.starts[-1:] // _PAGE + 2) * _PAGE
    next_starts = np.append(shown.starts[1:], np.maximum(after_last, shown.starts[-1:]))
    return SymbolTable.build(
        name,
        source,
        shown.starts,
        np.where(shown.sizes > 0, _ends(shown.starts, shown.sizes), next_starts).astype(np.uint64),
        shown.names,
        segments=_segment_rows(elf),
    )


def _segment_rows(elf: ElfFile) -> npt.NDArray[np.uint64]:
    """Return the loaded segments as rows of first offset, end offset and first address."""
    rows = [
        (part.offset, min(part.offset + part.file_size, (1 << 64) - 1), part.address)
        for part in elf.loaded
    ]
    return np.array(rows, np.uint64).reshape(-1, 3)


@dataclass(frozen=True, slots=True, eq=False)
class SymbolEntries:
    """The entries of a symbol table as a structured array, and the strings of its names."""

    entries: npt.NDArray[np.void]
    strings: bytes

    def names(self, elf: ElfFile, indices: npt.NDArray[np.int64]) -> list[bytes]:
        """Return the names of some entries; none of these may lie outside the strings."""
        starts = self.entries["name"][indices].astype(np.int64)
        zeros = np.flatnonzero(np.frombuffer(self.strings, np.uint8) == 0)
        zeros = np.append(zeros, len(self.strings))
        ends = np.minimum(zeros[np.searchsorted(zeros, starts)], starts + _NAME_LENGTH_MAX)
        if int((ends - starts).sum()) > _STRINGS_MAX:  # names may share their bytes
            raise SymbolError(f"{elf.label} has too many names, so its functions have none.")
        pairs = zip(starts.tolist(), ends.tolist(), strict=True)
        return [self.strings[start:end] for start, end in pairs]


def symbol_entries(elf: ElfFile, section: Section) -> SymbolEntries:
    """Return the entries of a symbol table and its strings."""
    layout = _SYMBOL_64 if elf.is_64_bit else _SYMBOL_32
    content = elf.content(section, _SYMBOLS_MAX * layout.itemsize)
    entries = np.frombuffer(content, layout, len(content) // layout.itemsize)
    return SymbolEntries(entries, elf.content(elf.sections[section.link], _STRINGS_MAX))


def read_functions(elf: ElfFile, kind: int) -> Functions:
    """Return the functions of the symbol table of a type (SHT_SYMTAB, SHT_DYNSYM)."""
    section = elf.section_of_type(kind)
    if section is None or section.link >= len(elf.sections):
        return Functions.empty()
    return _chosen(elf, symbol_entries(elf, section))


def _chosen(elf: ElfFile, table: SymbolEntries) -> Functions:
    entries = table.entries
    types = entries["info"] & 15
    labels = (types == _NOTYPE) & _in_code(elf, entries["section"])
    labels &= ~np.isin(entries["other"] & 3, (_HIDDEN, _INTERNAL))
    chosen = (types == _FUNCTION) | (types == _IFUNC) | labels
    chosen &= (entries["section"] != 0) & (entries["value"] != 0) & (entries["name"] != 0)
    chosen &= entries["name"] < len(table.strings)
    indices = np.flatnonzero(chosen)
    names = table.names(elf, indices)
    # Mapping symbols ($x, $d) and labels of the compiler's own name no routine.
    foreign = np.array([name.startswith((b"$", b".L")) for name in names], np.bool_)
    starts = entries["value"][indices].astype(np.uint64)
    if elf.machine == _ARM:
        starts &= ~np.uint64(1)  # marks Thumb code, is no part of the address
    functions = Functions(
        starts,
        entries["size"][indices].astype(np.uint64),
        names,
        (entries["info"][indices] >> 4).astype(np.uint8),
        labels[indices],
    )
    return functions.select(np.flatnonzero(~(foreign & functions.labels)))


def _in_code(elf: ElfFile, sections: npt.NDArray[np.uint16]) -> npt.NDArray[np.bool_]:
    flags = np.array([part.flags & _SECTION_EXECUTABLE for part in elf.sections], np.bool_)
    special = sections >= _SPECIAL_SECTIONS
    known = (sections < len(flags)) & ~special
    return known & flags[np.where(known, sections, 0)]
