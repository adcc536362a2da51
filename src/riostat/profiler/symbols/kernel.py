r"""The functions of a kernel, from the text of /proc/kallsyms.

Lines are ``ADDRESS TYPE NAME``, and ``\t[MODULE]`` after the names of modules. Sizes are not
told: a function ends where the next symbol begins. Of several names at one address perf shows the
last (its ``symbols__fixup_end`` leaves the others empty), and so does this.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riostat.core.text import printable
from riostat.profiler.symbols.boot import hidden_symbols
from riostat.profiler.symbols.table import Addresses, SymbolTable

__all__ = ["KERNEL", "kernel_table"]

KERNEL = "[kernel.kallsyms]"

_TEXT_SIZE_MAX = 256 << 20
_MODULES_MAX = 1 << 14
_PAGE = np.uint64(4096)
_FUNCTION_TYPES = np.frombuffer(b"tTwW", np.uint8)

_NIBBLES = np.full(256, 255, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16, dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Whole lines of the text: their addresses and types, and where names and lines end."""

    addresses: Addresses
    types: npt.NDArray[np.uint8]
    names: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    def __getitem__(self, indices: npt.NDArray[np.int64]) -> "_Lines":
        return _Lines(
            self.addresses[indices], self.types[indices], self.names[indices], self.ends[indices]
        )


def kernel_table(text: bytes) -> SymbolTable:
    """Return the functions of a text of /proc/kallsyms; lines of another form are passed over."""
    reason = hidden_symbols(text)
    lines = _lines(text)
    if reason is None and not np.isin(lines.types, _FUNCTION_TYPES).any():
        reason = "The kernel's symbols are not in the form of /proc/kallsyms; record again."
    if reason is not None:
        return SymbolTable.empty(KERNEL, reason)
    lines = lines[np.argsort(lines.addresses, kind="stable")]
    # Symbols of data end the function before them but are none themselves.
    boundaries = np.unique(lines.addresses)
    lines = lines[np.flatnonzero(np.isin(lines.types, _FUNCTION_TYPES))]
    lines = lines[np.flatnonzero(np.append(np.diff(lines.addresses) != 0, True))]
    names, modules, codes = _names(text, lines)
    return SymbolTable.build(
        KERNEL,
        "kallsyms",
        lines.addresses,
        _ends(lines.addresses, codes, boundaries),
        names,
        modules=(modules, codes),
    )


def _lines(text: bytes) -> _Lines:
    characters = np.frombuffer(text[:_TEXT_SIZE_MAX], np.uint8)
    ends = np.flatnonzero(characters == ord("\n"))
    starts = np.append(0, ends[:-1] + 1)[: len(ends)]
    digits = max(text[:32].find(b" "), 0)
    long_enough = ends - starts > digits + 3
    starts, ends = starts[long_enough], ends[long_enough]
    addresses = np.zeros(len(starts), np.uint64)
    valid = characters[starts + digits] == ord(" ") if len(starts) else np.zeros(0, np.bool_)
    for place in range(min(digits, 16)):
        nibbles = _NIBBLES[characters[starts + place]]
        valid &= nibbles < 16
        addresses = addresses << np.uint64(4) | nibbles
    valid &= addresses != 0
    types = characters[starts + digits + 1] if len(starts) else characters[:0]
    return _Lines(addresses, types, starts + digits + 3, ends)[np.flatnonzero(valid)]


def _names(
    text: bytes, lines: _Lines
) -> tuple[list[bytes], tuple[str, ...], npt.NDArray[np.uint16]]:
    """The names, the modules and, for each name, its module's place among these."""
    spans = zip(lines.names.tolist(), lines.ends.tolist(), strict=True)
    names = [text[start:end] for start, end in spans]
    codes = np.zeros(len(names), np.uint16)
    modules = {KERNEL.encode(): 0}
    for index, name in enumerate(names):
        if b"\t" in name:
            names[index], _, module = name.partition(b"\t")
            if module in modules or len(modules) < _MODULES_MAX:
                codes[index] = modules.setdefault(module, len(modules))
    return names, tuple(printable(module) for module in modules), codes


def _ends(starts: Addresses, codes: npt.NDArray[np.uint16], boundaries: Addresses) -> Addresses:
    """The address of the next symbol; the last one of a module reaches to the end of a page."""
    after = np.searchsorted(boundaries, starts, side="right")
    next_starts = np.append(boundaries, np.uint64(0))[after]
    page_ends = (starts // _PAGE + np.uint64(2)) * _PAGE
    last = np.append(codes[1:] != codes[:-1], True) | (after == len(boundaries))
    return np.where(last & (page_ends > starts), page_ends, next_starts)
