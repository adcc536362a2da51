"""The procedure linkage table of an x86-64 file: entries that jump to a function elsewhere.

They have no symbols of their own. Each is a jump through a slot, and a relocation says which
function's address goes there (System V ABI, AMD64 supplement, 5.2): ``malloc@plt``.
"""

import numpy as np
import numpy.typing as npt

from riostat.profiler.symbols.elf import ElfFile, Section, SectionType
from riostat.profiler.symbols.functions import Functions, symbol_entries
from riostat.profiler.symbols.table import Addresses

__all__ = ["linkage_functions"]

_X86_64 = 62
_GLOB_DAT, _JUMP_SLOT = 6, 7
_TABLE_SIZE_MAX = 16 << 20
_RELOCATIONS_SIZE_MAX = 64 << 20
_TABLES = (b".plt", b".plt.sec", b".plt.got")
_RELOCATIONS = (b".rela.plt", b".rela.dyn")
_ENTRY_SIZE = 16
_RELOCATION = np.dtype([("slot", "<u8"), ("type", "<u4"), ("symbol", "<u4"), ("addend", "<i8")])


def linkage_functions(elf: ElfFile) -> Functions:
    """Return the entries of the linkage table as functions named after those they lead to."""
    none = Functions.empty()
    dynamic = elf.section_of_type(SectionType.DYNSYM)
    if elf.machine != _X86_64 or dynamic is None or dynamic.link >= len(elf.sections):
        return none
    starts, sizes, slots = _entries(elf)
    relocations = _relocations(elf)
    if not len(relocations) or not len(slots):
        return none
    at = np.minimum(np.searchsorted(relocations["slot"], slots), len(relocations) - 1)
    symbols = relocations["symbol"][at].astype(np.int64)
    table = symbol_entries(elf, dynamic)
    known = (relocations["slot"][at] == slots) & (symbols > 0) & (symbols < len(table.entries))
    known[known] &= table.entries["name"][symbols[known]] < len(table.strings)
    names = [name + b"@plt" for name in table.names(elf, symbols[known])]
    count = len(names)
    return Functions(
        starts[known], sizes[known], names, np.zeros(count, np.uint8), np.zeros(count, np.bool_)
    )


def _entries(elf: ElfFile) -> tuple[Addresses, Addresses, Addresses]:
    """The addresses and sizes of all entries, and the slot that each jumps through."""
    found = [_entries_of(elf, part) for part in map(elf.section, _TABLES) if part is not None]
    empty = np.zeros(0, np.uint64)
    starts, sizes, slots = zip(*found, strict=True) if found else ((empty,), (empty,), (empty,))
    return np.concatenate(starts), np.concatenate(sizes), np.concatenate(slots)


def _entries_of(elf: ElfFile, section: Section) -> tuple[Addresses, Addresses, Addresses]:
    code = np.frombuffer(elf.content(section, _TABLE_SIZE_MAX), np.uint8)
    # ff 25 and a 32-bit displacement: jmp *displacement(%rip)
    jumps = (
        np.flatnonzero((code[:-5] == 0xFF) & (code[1:-4] == 0x25)) if len(code) > 5 else code[:0]
    )
    jumps = jumps.astype(np.int64)
    bytes_of = code[jumps[:, None] + np.arange(2, 6)].astype(np.uint8)
    displacements = np.ascontiguousarray(bytes_of).view("<i4").astype(np.int64).reshape(-1)
    base = np.uint64(section.address)
    size = 8 if section.entry_size == 8 else _ENTRY_SIZE
    slots = base + (jumps + 6 + displacements).astype(np.uint64)
    starts = base + (jumps // size * size).astype(np.uint64)
    return starts, np.full(len(jumps), size, np.uint64), slots


def _relocations(elf: ElfFile) -> npt.NDArray[np.void]:
    """The relocations that put a function's address into a slot, by ascending slot."""
    found = [
        np.frombuffer(content, _RELOCATION, len(content) // _RELOCATION.itemsize)
        for section in map(elf.section, _RELOCATIONS)
        if section is not None and section.type == SectionType.RELA
        for content in [elf.content(section, _RELOCATIONS_SIZE_MAX)]
    ]
    relocations = np.concatenate(found) if found else np.zeros(0, _RELOCATION)
    relocations = relocations[np.isin(relocations["type"], (_GLOB_DAT, _JUMP_SLOT))]
    return relocations[np.argsort(relocations["slot"], kind="stable")]
