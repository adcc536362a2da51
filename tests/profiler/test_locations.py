"""Locations in real files: the C library of this process, whose functions it can ask for."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

from riostat.profiler.callchains import Callchains, Mode
from riostat.profiler.locations import Addresses, Chains, Locator, locate_chains
from riostat.profiler.mappings import Mapping, parse_maps
from riostat.profiler.processes import ProcessTable, Snapshot
from riostat.profiler.reading import Description
from riostat.profiler.records import Ksymbol, Mmap2, SideRecord
from riostat.profiler.snapshot import parse_snapshot
from riostat.profiler.symbols.symbolizer import Symbolizer
from tests.profiler import recorded

_HERE = 0x10_0000  # where the test's processes have the C library


def _address_of(function: str) -> int:
    pointer = getattr(ctypes.CDLL("libc.so.6"), function)
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


@pytest.fixture(scope="module")
def library() -> Mapping:
    """How this process maps the code of its C library."""
    there = _address_of("getpid")
    mappings = parse_maps(Path("/proc/self/maps").read_bytes())
    return next(m for m in mappings if m.start <= there < m.end)


def _maps(library: Mapping) -> bytes:
    major, minor, number = library.file.inode or (0, 0, 0)
    end = _HERE + library.end - library.start
    text = f"{_HERE:x}-{end:x} r-xp {library.offset:x} {major:x}:{minor:x} {number} "
    return f"{text}{library.file.path}\n".encode()


def _locator(
    tmp_path: Path,
    entries: list[bytes],
    records: list[SideRecord] | None = None,
    perf_maps: dict[int, bytes] | None = None,
) -> Locator:
    description = Description("perf/1", [], [0], boot_id=recorded.BOOT)
    snapshot = Snapshot(0, parse_snapshot(b"".join(entries)))
    records = records or []
    table = ProcessTable([snapshot], records)
    symbolizer = Symbolizer(tmp_path / "symbols")
    return Locator(table, symbolizer, description, records, perf_maps or {})


def _located(locator: Locator, *queries: tuple[int, Mode, int]) -> list[tuple[str, str]]:
    """The module and function of each (address, mode, place of the process's state)."""
    ips, modes, states = zip(*queries, strict=True)
    addresses = Addresses(
        np.array(ips, np.uint64),
        np.array(modes, np.uint8),
        np.array(states, np.int32),
        np.full(len(ips), 50, np.uint64),
    )
    found = locator.locate(addresses)
    return [
        (locator.module_names[module], locator.symbol_names[symbol])
        for module, symbol in zip(found.modules.tolist(), found.symbols.tolist(), strict=True)
    ]


def test_functions_of_a_mapped_file_are_named(tmp_path: Path, library: Mapping) -> None:
    locator = _locator(tmp_path, [recorded.process(1, b"a", maps=_maps(library))])
    wanted = ["qsort", "malloc", "getpid"]
    addresses = [_address_of(name) - library.start + _HERE for name in wanted]
    found = _located(locator, *((address, Mode.USER, 0) for address in addresses))
    assert {module for module, _ in found} == {Path(library.file.path).name}
    assert [symbol.lstrip("_").removeprefix("libc_") for _, symbol in found] == wanted


def test_what_is_not_known_is_told_by_what_is(tmp_path: Path, library: Mapping) -> None:
    maps = _maps(library) + b"5000-6000 rwxp 0 00:00 0 \n7000-8000 r-xp 0 08:01 3 /no/such\n"
    locator = _locator(tmp_path, [recorded.process(1, b"a", maps=maps)])
    high = (1 << 64) - (1 << 30)
    assert _located(
        locator,
        (0x10, Mode.USER, 0),
        (0x5010, Mode.USER, 0),
        (0x7010, Mode.USER, 0),
        (0x7010, Mode.USER, -1),
        (high, Mode.KERNEL, 0),
        (high, Mode.KERNEL, -1),
        (high, Mode.HYPERVISOR, 0),
        (high, Mode.GUEST_KERNEL, 0),
        (0x10, Mode.GUEST_USER, 0),
        (0x10, Mode.UNKNOWN, 0),
    ) == [
        ("[unknown]", "[unknown]"),
        ("[anon]", "[anon] [unknown]"),
        ("such", "such [unknown]"),
        ("[unknown]", "[unknown]"),
        ("[kernel.kallsyms]", "[kernel.kallsyms] [unknown]"),
        ("[kernel.kallsyms]", "[kernel.kallsyms] [unknown]"),
        ("[hypervisor]", "[hypervisor] [unknown]"),
        ("[guest kernel]", "[guest kernel] [unknown]"),
        ("[guest]", "[guest] [unknown]"),
        ("[unknown]", "[unknown]"),
    ]
    assert locator.kernel_reason is not None
    assert recorded.BOOT in locator.kernel_reason


def test_what_a_process_compiled_is_named_by_its_perf_map(tmp_path: Path) -> None:
    maps = b"5000-6000 rwxp 0 00:00 0 \n7000-8000 r-xp 0 08:01 3 /no/such\n"
    entries = [recorded.process(pid, b"a", maps=maps) for pid in (1, 2)]
    perf_maps = {1: b"5000 20 LazyCompile:*work app.js:1\n9000 20 outside any mapping\n"}
    locator = _locator(tmp_path, entries, perf_maps=perf_maps)
    places = (0x5010, 0x5030, 0x7010, 0x9010)
    assert _located(locator, *((place, Mode.USER, 0) for place in places)) == [
        ("[jit]", "LazyCompile:*work app.js:1"),
        ("[jit]", "[jit] [unknown]"),
        ("such", "such [unknown]"),
        ("[jit]", "outside any mapping"),
    ]
    assert _located(locator, (0x5010, Mode.USER, 1)) == [("[anon]", "[anon] [unknown]")]


def test_an_address_may_be_mapped_again(tmp_path: Path) -> None:
    """What is there counts at each time; before, between, and after two new mappings."""
    records: list[SideRecord] = [
        Mmap2(time_ns, 1, 0x7000, 0x1000, 0, b"/no/%d" % time_ns, None, None) for time_ns in (9, 19)
    ]
    maps = b"7000-8000 r-xp 0 08:01 3 /no/old\n"
    locator = _locator(tmp_path, [recorded.process(1, b"a", maps=maps)], records)
    times = np.array([8, 9, 18, 19, 8, 19], np.uint64)
    found = locator.locate(
        Addresses(
            np.full(6, 0x7010, np.uint64),
            np.full(6, Mode.USER, np.uint8),
            np.zeros(6, np.int32),
            times,
        )
    )
    names = [locator.module_names[code] for code in found.modules.tolist()]
    assert names == ["old", "9", "9", "19", "old", "19"]


def test_code_that_the_kernel_made_is_named(tmp_path: Path) -> None:
    start = (1 << 64) - (1 << 20)
    records: list[SideRecord] = [
        Ksymbol(9, start, 64, b"bpf_prog_\x1b", removed=False),
        Ksymbol(9, start + 64, 64, b"gone", removed=True),
    ]
    locator = _locator(tmp_path, [], records)
    found = _located(locator, (start + 63, Mode.KERNEL, -1), (start + 64, Mode.KERNEL, -1))
    assert found[0] == ("[bpf]", "bpf_prog_\\x1b")
    assert found[1][1].endswith("[unknown]")


def _chains(locator: Locator, chains: list[list[tuple[int, Mode]]]) -> list[list[str]]:
    """The functions of the chains of one sample each, which hit 0x7000."""
    frames = [frame for chain in chains for frame in chain]
    count = len(chains)
    callchains = Callchains(
        np.arange(count, dtype=np.uint32),
        np.cumsum([0, *map(len, chains)]),
        np.array([ip for ip, _ in frames], np.uint64),
        np.array([mode for _, mode in frames], np.uint8),
    )
    addresses = Addresses(
        np.full(count, 0x7000, np.uint64),
        np.full(count, Mode.USER, np.uint8),
        np.zeros(count, np.int32),
        np.arange(count, dtype=np.uint64),
    )
    return _names(locate_chains(callchains, np.arange(count), addresses, locator))


def _names(chains: Chains) -> list[list[str]]:
    symbols = [chains.symbol_names[code] for code in chains.symbols.tolist()]
    bounds = zip(
        chains.offsets[:-1][chains.codes].tolist(),
        chains.offsets[1:][chains.codes].tolist(),
        strict=True,
    )
    return [symbols[begin:end] for begin, end in bounds]


def test_callers_are_looked_up_before_where_they_go_on(tmp_path: Path, library: Mapping) -> None:
    """The first byte of a function, as where a caller goes on, belongs to the function before."""
    maps = _maps(library) + b"7000-8000 r-xp 0 08:01 3 /no/such\n"
    locator = _locator(tmp_path, [recorded.process(1, b"a", maps=maps)])
    first = _address_of("qsort") - library.start + _HERE
    hit, called, after_kernel = _chains(
        locator,
        [
            [(first, Mode.USER)],
            [(0x7000, Mode.USER), (first, Mode.USER)],
            [((1 << 64) - 9999, Mode.KERNEL), (first, Mode.USER)],
        ],
    )
    assert hit[0].endswith("qsort")
    assert not called[1].endswith("qsort")
    assert after_kernel[1].endswith("qsort")


def test_a_sample_without_a_callchain_has_its_own_frame(tmp_path: Path) -> None:
    maps = b"7000-8000 r-xp 0 08:01 3 /no/such\n"
    locator = _locator(tmp_path, [recorded.process(1, b"a", maps=maps)])
    assert _chains(locator, [[], [(0x9000, Mode.USER)], []]) == [
        ["such [unknown]"],
        ["[unknown]"],
        ["such [unknown]"],
    ]
    assert _chains(locator, []) == []


def test_the_same_addresses_in_two_processes_are_two_chains(tmp_path: Path) -> None:
    entries = [
        recorded.process(pid, b"p", maps=b"7000-8000 r-xp 0 08:01 3 /no/%d\n" % pid)
        for pid in (1, 2)
    ]
    locator = _locator(tmp_path, entries)
    callchains = Callchains(
        np.zeros(2, np.uint32),
        np.array([0, 1]),
        np.array([0x7000], np.uint64),
        np.array([2], np.uint8),
    )
    addresses = Addresses(
        np.full(2, 0x7000, np.uint64),
        np.full(2, Mode.USER, np.uint8),
        np.arange(2, dtype=np.int32),
        np.zeros(2, np.uint64),
    )
    chains = locate_chains(callchains, np.arange(2), addresses, locator)
    assert _names(chains) == [["1 [unknown]"], ["2 [unknown]"]]
