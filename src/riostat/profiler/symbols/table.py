"""A table of functions: addresses in, functions out, many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from riostat.core.text import printable
from riostat.profiler.symbols.demangling import demangled

__all__ = ["UNKNOWN", "Addresses", "Indices", "SymbolTable"]

Addresses = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int32]

UNKNOWN = "[unknown]"

_NAME_LENGTH_MAX = 4096
_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SymbolTable:
    """The functions of one file or of a kernel, by ascending address, no two at one address.

    `name` is what people call the file: its last part, or ``[kernel.kallsyms]``. `reason` says in
    one sentence why there are no symbols, and is None when there are some. `source` tells which
    kind of table they came from. Functions may lie inside one another.
    """

    name: str
    reason: str | None
    source: str
    starts: Addresses
    ends: Addresses
    names: bytes | memoryview
    name_starts: npt.NDArray[np.uint32]
    name_lengths: npt.NDArray[np.uint16]
    module_names: tuple[str, ...]
    module_codes: npt.NDArray[np.uint16]
    segments: Addresses
    """Rows of a first file offset, the offset after the last, and the first one's address."""

    @classmethod
    def empty(cls, name: str, reason: str | None = None) -> Self:
        """Make a table without functions, and say why there are none."""
        none = np.zeros(0, np.uint64)
        return replace(cls.build(name, "", none, none, []), reason=reason)

    @classmethod
    def build(
        cls,
        name: str,
        source: str,
        starts: Addresses,
        ends: Addresses,
        names: Sequence[bytes],
        *,
        modules: tuple[tuple[str, ...], npt.NDArray[np.uint16]] | None = None,
        segments: Addresses | None = None,
    ) -> Self:
        """Make a table of functions that are sorted by address already, one at each."""
        assert len(starts) == len(ends) == len(names)
        cut = [name[:_NAME_LENGTH_MAX] for name in names]
        lengths = np.fromiter(map(len, cut), np.uint16, len(cut))
        name_ends = np.cumsum(lengths, dtype=np.uint64)
        module_names, module_codes = modules or ((name,), np.zeros(len(cut), np.uint16))
        return cls(
            name=name,
            reason=None,
            source=source,
            starts=starts,
            ends=ends,
            names=b"".join(cut),
            name_starts=(name_ends - lengths).astype(np.uint32),
            name_lengths=lengths,
            module_names=module_names,
            module_codes=module_codes,
            segments=np.zeros((0, 3), np.uint64) if segments is None else segments,
        )

    def __len__(self) -> int:
        return len(self.starts)

    def lookup(self, addresses: Addresses) -> Indices:
        """Return the function that each of `addresses` (u64[n]) lies in, i32[n], or -1 for none.

        Of functions inside one another it is the inner one.
        """
        addresses = np.asarray(addresses, np.uint64)
        if not len(self):
            return np.full(len(addresses), -1, np.int32)
        at = np.searchsorted(self.starts, addresses, side="right") - 1
        missed = addresses >= self.ends[at]
        outside = np.flatnonzero(missed & (at >= 0))
        at[missed | (at < 0)] = -1
        if len(outside):
            at[outside] = self._enclosing(addresses[outside])
        return at.astype(np.int32)

    def _enclosing(self, addresses: Addresses) -> npt.NDArray[np.int64]:
        """The function that reaches farthest of those that begin before each address, or -1."""
        reach = np.maximum.accumulate(self.ends)
        farthest = np.maximum.accumulate(np.where(self.ends == reach, np.arange(len(reach)), 0))
        at = farthest[np.searchsorted(self.starts, addresses, side="right") - 1]
        return np.where(addresses < self.ends[at], at, -1)

    def lookup_offsets(self, offsets: Addresses) -> Indices:
        """Return the function at each of `offsets` (u64[n]) into the file, i32[n], or -1."""
        offsets = np.asarray(offsets, np.uint64)
        addresses = np.zeros(len(offsets), np.uint64)
        mapped = np.zeros(len(offsets), np.bool_)
        for first, end, address in self.segments:
            inside = (offsets >= first) & (offsets < end) & ~mapped
            addresses[inside] = offsets[inside] - first + address
            mapped |= inside
        return np.where(mapped, self.lookup(addresses), np.int32(-1))

    def symbol(self, index: int) -> str:
        """Return a function's name, demangled and fit for people; ``[unknown]`` for -1."""
        return self.symbols(np.array([index], np.int32))[0]

    def symbols(self, indices: Indices) -> list[str]:
        """Return the names of many functions, as `symbol` does of one."""
        if not len(self):
            return [UNKNOWN] * len(indices)
        starts = self.name_starts[indices].tolist()
        lengths = self.name_lengths[indices].tolist()
        return [
            UNKNOWN if index < 0 else demangled(bytes(self.names[start : start + length]))
            for index, start, length in zip(indices.tolist(), starts, lengths, strict=True)
        ]

    def module(self, index: int) -> str:
        """Return the module of a function: the table's own name but for parts of the kernel."""
        return self.name if index < 0 else self.module_names[self.module_codes[index]]

    def renamed(self, name: str) -> Self:
        """Return the same table of a single file under the name of another path to it."""
        return replace(self, name=name, module_names=(name,))

    def with_extra(self, extra: Sequence[tuple[str, int, int]], *, module: str) -> Self:
        """Return the table with further functions: (name, first address, length in bytes).

        They hide those that it has at the same addresses, and the last of `extra` hides those
        before it. `module` is theirs: ``[bpf]``.
        """
        # 65,535 modules are all that the codes can tell apart.
        usable = {
            start: (name, start + length)
            for name, start, length in extra
            if 0 <= start < start + length < 1 << 64 and len(self.module_names) < 1 << 16
        }
        if not usable:
            return self
        added = np.array(sorted(usable), np.uint64)
        encoded = [
            usable[start][0].encode("utf-8", "replace")[:_NAME_LENGTH_MAX]
            for start in added.tolist()
        ]
        lengths = np.array([len(name) for name in encoded], np.uint16)
        kept = ~np.isin(self.starts, added)
        starts = np.concatenate([self.starts[kept], added])
        order = np.argsort(starts, kind="stable")
        ends = np.array([usable[start][1] for start in added.tolist()], np.uint64)
        name_starts = len(self.names) + np.cumsum(lengths, dtype=np.uint64) - lengths
        codes = np.full(len(added), len(self.module_names), np.uint16)

        def merged(own: npt.NDArray[_Number], new: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
            return np.concatenate([own[kept], new])[order]

        return replace(
            self,
            reason=None,
            starts=starts[order],
            ends=merged(self.ends, ends),
            names=bytes(self.names) + b"".join(encoded),
            name_starts=merged(self.name_starts, name_starts.astype(np.uint32)),
            name_lengths=merged(self.name_lengths, lengths),
            module_names=(*self.module_names, printable(module)),
            module_codes=merged(self.module_codes, codes),
        )
