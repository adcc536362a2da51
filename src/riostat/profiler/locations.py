"""Locations: from addresses to the files and functions that they lie in, many at a time.

Addresses are sorted by address space, each space's are found among its mappings, and each file's
among its functions; only functions that were hit are named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riostat.core.domain import HOST
from riostat.core.text import printable
from riostat.profiler.callchains import Callchains, Mode
from riostat.profiler.cgroups import process_domain
from riostat.profiler.distinct import distinct
from riostat.profiler.mappings import AddressSpace, MappedFile, Mapping, find_mappings
from riostat.profiler.processes import ProcessTable
from riostat.profiler.reading import Description
from riostat.profiler.records import Ksymbol, SideRecord
from riostat.profiler.symbols.boot import this_boot
from riostat.profiler.symbols.kernel import KERNEL
from riostat.profiler.symbols.perfmap import JIT, perf_map_table
from riostat.profiler.symbols.symbolizer import Symbolizer
from riostat.profiler.symbols.table import UNKNOWN, SymbolTable

__all__ = ["Addresses", "Chains", "Locations", "Locator", "locate_chains"]

_VDSO = "[vdso]"
_MADE_AT_RUN_TIME = "[bpf]"

# Groups of addresses that no address space answers for; those of spaces are 0 and more.
_KERNEL_GROUP, _NO_GROUP, _COMPILED_GROUP = -1, -2, -6
_GROUP_OF_MODE = np.full(8, _NO_GROUP, np.int32)
_GROUP_OF_MODE[[Mode.KERNEL, Mode.HYPERVISOR, Mode.GUEST_KERNEL, Mode.GUEST_USER]] = -1, -3, -4, -5
# Where code lies that a process has compiled: memory without a file, mapped by one way or another.
_COMPILED_PATHS = ("/memfd:", "[anon")
_NAME_OF_GROUP = {_NO_GROUP: UNKNOWN, -3: "[hypervisor]", -4: "[guest kernel]", -5: "[guest]"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses to find: `ips` u64[n] met at `times_ns` u64[n] in a mode (u8[n], a `Mode`).

    `states` i32[n] are the processes, places in a table of states, -1 for one that is not known.
    """

    ips: NDArray[np.uint64]
    modes: NDArray[np.uint8]
    states: NDArray[np.int32]
    times_ns: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Locations:
    """Where addresses lie: places in the `Locator`'s names of modules and symbols, i32[n]."""

    modules: NDArray[np.int32]
    symbols: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Chains:
    """The callchains of n samples with the names of their frames, innermost first.

    `codes` i32[n] is the chain of each sample; the frames of chain k are at
    ``offsets[k]:offsets[k + 1]`` of `ips` (u64, of a caller where it goes on), `modules` and
    `symbols` (i32, places in the lists of names) and `modes` (u8, a `Mode`). Every chain has a
    frame: a sample without callers has its own.
    """

    codes: NDArray[np.int32]
    offsets: NDArray[np.int64]
    ips: NDArray[np.uint64]
    modules: NDArray[np.int32]
    symbols: NDArray[np.int32]
    modes: NDArray[np.uint8]
    module_names: Sequence[str]
    symbol_names: Sequence[str]


class Locator:
    """Finds locations, and collects the names of what it finds.

    `perf_maps` are what processes, by their numbers, say of the code that they compiled.
    `kernel_reason` says why the kernel's functions have no names, once they were asked for.
    """

    def __init__(
        self,
        processes: ProcessTable,
        symbols: Symbolizer,
        description: Description,
        records: Sequence[SideRecord],
        perf_maps: dict[int, bytes],
    ) -> None:
        self.kernel_reason: str | None = None
        self._processes = processes
        self._symbolizer = symbols
        self._description = description
        self._records = records
        self._perf_maps = perf_maps
        self._is_this_boot = description.boot_id == this_boot()
        self._modules: dict[str, int] = {}
        self._symbols: dict[str, int] = {}
        self._spaces: list[AddressSpace] = []
        self._space_numbers: dict[int, int] = {}
        self._roots: list[int | None] = []
        self._tables: list[SymbolTable] = []
        self._table_numbers: dict[tuple[MappedFile | int, int | None], int] = {}

    @property
    def module_names(self) -> list[str]:
        """The names of the modules found so far."""
        return list(self._modules)

    @property
    def symbol_names(self) -> list[str]:
        """The names of the functions found so far."""
        return list(self._symbols)

    def locate(self, addresses: Addresses) -> Locations:
        """Return the file and the function of each address, those that nothing is known of too.

        What is the same for many of them is looked up once.
        """
        entries = np.empty(len(addresses.ips), np.int64)
        tables, offsets = [np.zeros(0, np.int32)], [np.zeros(0, np.uint64)]
        count = 0
        for group, members in _by_code(self._groups(addresses)):
            rows = _sorted_by(addresses.ips, members)
            ips, times_ns = addresses.ips[rows], addresses.times_ns[rows]
            mappings = self._spaces[group].mappings() if group >= 0 else []
            begins = _begins(ips, apart=_may_differ(mappings, times_ns))
            entries[rows] = np.cumsum(begins) + (count - 1)
            ips, times_ns = ips[begins], times_ns[begins]
            count += len(ips)
            if group >= 0:
                numbers, ips = self._map(group, mappings, ips, times_ns)
            else:
                numbers = np.full(len(ips), self._number_of_group(group), np.int32)
            tables.append(numbers)
            offsets.append(ips)
        found = self._name(np.concatenate(tables), np.concatenate(offsets))
        return Locations(found.modules[entries], found.symbols[entries])

    def _groups(self, addresses: Addresses) -> NDArray[np.int32]:
        """Return the space of each address, or the group that stands for one."""
        groups = _GROUP_OF_MODE[addresses.modes]
        users = np.flatnonzero((addresses.modes == Mode.USER) & (addresses.states >= 0))
        states, places = distinct(addresses.states[users])
        spaces = [self._number_of_space(state) for state in states.tolist()]
        groups[users] = np.array(spaces, np.int32)[places]
        return groups

    def _number_of_space(self, place: int) -> int:
        state = self._processes.states[place]
        number = self._space_numbers.setdefault(id(state.space), len(self._spaces))
        if number == len(self._spaces):
            self._spaces.append(state.space)
            # Where a container has another file under the same path, it is seen from inside.
            host = self._processes.host_namespaces
            contained = process_domain(state.cgroup_path, state.namespaces, host) != HOST
            self._roots.append(state.pid if contained and self._is_this_boot else None)
        return number

    def _map(
        self,
        space: int,
        mappings: Sequence[Mapping],
        ips: NDArray[np.uint64],
        times_ns: NDArray[np.uint64],
    ) -> tuple[NDArray[np.int32], NDArray[np.uint64]]:
        """Return the tables of a space's sorted addresses, and the offsets into their files."""
        different, places = distinct(find_mappings(mappings, ips, times_ns))
        numbers, shifts = [], []
        pid = self._spaces[space].pid
        for place in different.tolist():
            mapping = mappings[place] if place >= 0 else None
            if pid in self._perf_maps and (mapping is None or _may_be_compiled(mapping.file)):
                numbers.append(self._number_of_compiled(pid))
                shifts.append(0)
            elif mapping is None:
                numbers.append(self._number_of_group(_NO_GROUP))
                shifts.append(0)
            else:
                numbers.append(self._number_of_file(mapping.file, self._roots[space]))
                shifts.append((mapping.offset - mapping.start) % (1 << 64))
        return np.array(numbers, np.int32)[places], ips + np.array(shifts, np.uint64)[places]

    def _number_of_file(self, file: MappedFile, root_pid: int | None) -> int:
        key = file, root_pid
        number = self._table_numbers.get(key)
        if number is None:
            if file.path == _VDSO:
                table = self._symbolizer.vdso(self._description.boot_id)
            else:
                table = self._symbolizer.module(
                    file.path, file.build_id, inode=file.inode, root_pid=root_pid
                )
            number = self._table_numbers[key] = self._add(table)
        return number

    def _number_of_group(self, group: int) -> int:
        key = group, None
        number = self._table_numbers.get(key)
        if number is None:
            if group == _KERNEL_GROUP:
                table = self._kernel_table()
            else:
                table = SymbolTable.empty(_NAME_OF_GROUP[group])
            number = self._table_numbers[key] = self._add(table)
        return number

    def _number_of_compiled(self, pid: int) -> int:
        key = _COMPILED_GROUP, pid
        number = self._table_numbers.get(key)
        if number is None:
            table = perf_map_table(self._perf_maps[pid])
            number = self._table_numbers[key] = self._add(table)
        return number

    def _kernel_table(self) -> SymbolTable:
        told = self._description
        table = self._symbolizer.kernel(told.kernel_release, told.kernel_build_id, told.boot_id)
        self.kernel_reason = table.reason
        made = [
            (printable(record.name), record.address, record.length)
            for record in self._records
            if isinstance(record, Ksymbol) and not record.removed
        ]
        return table.with_extra(made, module=_MADE_AT_RUN_TIME)

    def _add(self, table: SymbolTable) -> int:
        self._tables.append(table)
        return len(self._tables) - 1

    def _name(self, tables: NDArray[np.int32], offsets: NDArray[np.uint64]) -> Locations:
        """Return the functions at offsets into the files of tables."""
        found = Locations(np.empty(len(tables), np.int32), np.empty(len(tables), np.int32))
        for number, members in _by_code(tables):
            table, rows = self._tables[number], _sorted_by(offsets, members)
            by_address = table.name in {KERNEL, JIT}
            look_up = table.lookup if by_address else table.lookup_offsets
            functions, places = distinct(look_up(offsets[rows]))
            names = table.symbols(functions)
            if functions[0] < 0 and table.name != UNKNOWN:
                names[0] = f"{table.name} {UNKNOWN}"
            modules = [
                self._modules.setdefault(table.module(function), len(self._modules))
                for function in functions.tolist()
            ]
            symbols = [self._symbols.setdefault(name, len(self._symbols)) for name in names]
            found.modules[rows] = np.array(modules, np.int32)[places]
            found.symbols[rows] = np.array(symbols, np.int32)[places]
        return found


def _may_be_compiled(file: MappedFile) -> bool:
    return not file.path or file.path.startswith(_COMPILED_PATHS)


def _begins(ips: NDArray[np.uint64], *, apart: bool) -> NDArray[np.bool_]:
    """Return which sorted addresses differ from the one before, or, `apart`, all of them."""
    begins = np.ones(len(ips), np.bool_)
    if not apart:
        np.not_equal(ips[1:], ips[:-1], out=begins[1:])
    return begins


def _may_differ(mappings: Sequence[Mapping], times_ns: NDArray[np.uint64]) -> bool:
    """Return whether one address may lie in several mappings, because one was made meanwhile."""
    newest_ns = max((mapping.time_ns for mapping in mappings), default=0)
    return newest_ns > int(times_ns.min())


def locate_chains(
    callchains: Callchains, rows: NDArray[np.int64], addresses: Addresses, locator: Locator
) -> Chains:
    """Return the callchains of some samples with names.

    `rows` are their places among all; `addresses` are what they hit themselves. Callers are looked
    up just before where they go on, so that a call at the end of a function counts as its own; and
    at the time of the first sample that has the same chain in the same process.
    """
    callchains, stacks = _with_bare(callchains, callchains.stacks[rows].astype(np.int64), addresses)
    width = len(callchains.offsets)
    pairs, firsts, codes = np.unique(
        (addresses.states + np.int64(1)) * width + stacks, return_index=True, return_inverse=True
    )
    states, stacks = pairs // width - 1, pairs % width
    depths = np.diff(callchains.offsets)[stacks]
    offsets = np.concatenate([[0], np.cumsum(depths)])
    frames = np.arange(offsets[-1]) + np.repeat(callchains.offsets[stacks] - offsets[:-1], depths)
    ips, modes = callchains.ips[frames], callchains.modes[frames]
    callers = np.append(False, modes[1:] == modes[:-1])[: len(frames)]
    callers[offsets[:-1]] = False
    found = locator.locate(
        Addresses(
            ips=np.where(callers & (ips > 0), ips - np.uint64(1), ips),
            modes=modes,
            states=np.repeat(states, depths).astype(np.int32),
            times_ns=np.repeat(addresses.times_ns[firsts], depths),
        )
    )
    return Chains(
        codes=codes.astype(np.int32),
        offsets=offsets,
        ips=ips,
        modules=found.modules,
        symbols=found.symbols,
        modes=modes,
        module_names=locator.module_names,
        symbol_names=locator.symbol_names,
    )


def _with_bare(
    callchains: Callchains, stacks: NDArray[np.int64], addresses: Addresses
) -> tuple[Callchains, NDArray[np.int64]]:
    """Give samples without a callchain one of a single frame: what they hit."""
    bare = np.flatnonzero(np.diff(callchains.offsets)[stacks] == 0)
    if not len(bare):
        return callchains, stacks
    ips, firsts, places = np.unique(addresses.ips[bare], return_index=True, return_inverse=True)
    stacks[bare] = len(callchains.offsets) - 1 + places
    ends = callchains.offsets[-1] + np.arange(1, len(ips) + 1)
    larger = Callchains(
        stacks=callchains.stacks,
        offsets=np.concatenate([callchains.offsets, ends]),
        ips=np.concatenate([callchains.ips, ips]),
        modes=np.concatenate([callchains.modes, addresses.modes[bare][firsts]]),
    )
    return larger, stacks


def _sorted_by(values: NDArray[np.uint64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows in the order of their values: neighbours are looked up much faster."""
    return rows[np.argsort(values[rows])]


def _by_code(codes: NDArray[np.int32]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each code with the places where it stands, in their order."""
    if not len(codes):
        return
    low = int(codes.min())
    if int(codes.max()) - low < 1 << 16:
        order = np.argsort((codes - low).astype(np.uint16), kind="stable")  # a radix sort
    else:
        order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    for places in np.split(order, np.flatnonzero(np.diff(ordered)) + 1):
        yield int(codes[places[0]]), places
