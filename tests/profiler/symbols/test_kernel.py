"""The kernel's functions: small texts, the running kernel's, and what perf says of it."""

import os
import random
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.symbols.boot import KALLSYMS, hidden_symbols
from riostat.profiler.symbols.kernel import KERNEL, kernel_table
from riostat.profiler.symbols.table import UNKNOWN, SymbolTable
from tests.profiler.symbols.programs import require, run

_TEXT = b"""\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000100 t local
ffffffff81000180 W weak
ffffffff81000200 D data
ffffffff81000300 T last
ffffffffc0001000 t first_of_ext4\t[ext4]
ffffffffc0002000 T last_of_ext4\t[ext4]
ffffffffc0009000 t only_of_veth\t[veth]
"""


def _at(table: SymbolTable, *addresses: int) -> list[tuple[str, str]]:
    found = table.lookup(np.array(addresses, np.uint64))
    return [(table.module(index), table.symbol(index)) for index in found.tolist()]


def test_functions_reach_to_the_next_symbol_or_the_end_of_a_page() -> None:
    table = kernel_table(_TEXT)
    assert (table.reason, table.source, len(table)) == (None, "kallsyms", 7)
    # Of two names at one address the last is shown, as perf does.
    assert _at(table, 0xFFFFFFFF81000000, 0xFFFFFFFF810000FF) == [(KERNEL, "_text")] * 2
    assert _at(table, 0xFFFFFFFF81000100, 0xFFFFFFFF81000180) == [
        (KERNEL, "local"),
        (KERNEL, "weak"),
    ]
    assert _at(table, 0xFFFFFFFF810001FF, 0xFFFFFFFF81000200) == [
        (KERNEL, "weak"),
        (KERNEL, UNKNOWN),
    ]
    assert _at(table, 0xFFFFFFFF81000300, 0xFFFFFFFF81001FFF, 0xFFFFFFFF81002000) == [
        (KERNEL, "last"),
        (KERNEL, "last"),
        (KERNEL, UNKNOWN),
    ]


def test_functions_of_modules_say_whose_they_are() -> None:
    table = kernel_table(_TEXT)
    assert _at(table, 0xFFFFFFFFC0001FFF, 0xFFFFFFFFC0002FFF) == [
        ("[ext4]", "first_of_ext4"),
        ("[ext4]", "last_of_ext4"),
    ]
    assert _at(table, 0xFFFFFFFFC0005000, 0xFFFFFFFFC0009001, 0) == [
        (KERNEL, UNKNOWN),
        ("[veth]", "only_of_veth"),
        (KERNEL, UNKNOWN),
    ]


def test_addresses_of_32_bits() -> None:
    table = kernel_table(b"c0100000 T _stext\nc0100010 T next\n")
    assert _at(table, 0xC0100004, 0xC0100010) == [(KERNEL, "_stext"), (KERNEL, "next")]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "CONFIG_KALLSYMS"),
        (b"0000000000000000 A x\n0000000000000000 T _stext\n", "sysctl"),
        (b"not a symbol\n" * 100, "form"),
        (b"\0" * 100, "form"),
    ],
)
def test_a_text_that_names_nothing_says_why(text: bytes, word: str) -> None:
    table = kernel_table(text)
    assert len(table) == 0
    assert table.reason is not None
    assert word in table.reason


_LINES = st.lists(st.sampled_from(_TEXT.splitlines(keepends=True)) | st.binary(max_size=40))


@given(text=_LINES.map(b"".join))
def test_a_hostile_text_makes_a_table_that_holds_together(text: bytes) -> None:
    table = kernel_table(text)
    assert bool(len(table)) == (table.reason is None)
    assert (table.starts[1:] > table.starts[:-1]).all()
    assert len(table.symbols(np.arange(len(table), dtype=np.int32))) == len(table)
    assert all(table.module(index) in table.module_names for index in range(len(table)))


def _own_text() -> bytes:
    text = KALLSYMS.read_bytes()
    if (reason := hidden_symbols(text)) is not None:
        pytest.skip(reason)
    return text


def test_every_function_of_the_running_kernel_is_found() -> None:
    text = _own_text()
    table = kernel_table(text)
    names: dict[int, str] = {}
    for line in text.decode().splitlines():
        address, kind, name = line.split("\t")[0].split(" ")
        if kind in "tTwW":
            names[int(address, 16)] = name
    starts = np.array(sorted(names), np.uint64)
    assert table.symbols(table.lookup(starts)) == [names[start] for start in starts.tolist()]


@pytest.mark.root
def test_addresses_have_the_names_that_perf_gives_them(tmp_path: Path) -> None:
    require("perf")
    text = _own_text()
    if os.getuid() != 0:
        pytest.skip("sampling the kernel needs root")
    table = kernel_table(text)
    busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); read x < /proc/uptime; done"
    recording = tmp_path / "perf.data"
    run(
        "perf", "record", "-q", "-e", "cpu-clock:k", "-F", "5000", "-o", recording, "sh", "-c", busy
    )
    # The kernel's part alone, and of it no code for the start, which perf may leave without names.
    (end,) = (int(line.split()[0], 16) for line in text.splitlines() if line.endswith(b" _etext"))
    own = np.flatnonzero((table.module_codes == 0) & (table.starts < end))
    pick = random.Random(1)
    wanted = [int(table.starts[index]) + pick.choice([0, 1]) for index in own.tolist()]
    replaced = _with_addresses(recording, pick.sample(wanted, len(wanted)))
    printed = run("perf", "script", "-i", recording, "-F", "ip,sym").splitlines()
    expected = [line.split(maxsplit=1) for line in printed if line.strip()]
    assert replaced > 100
    addresses = np.array([int(address, 16) for address, _ in expected], np.uint64)
    assert table.symbols(table.lookup(addresses)) == [name for _, name in expected]


def _with_addresses(recording: Path, addresses: list[int]) -> int:
    """Put addresses of our choice into the samples of a perf.data file; returns how many."""
    data = bytearray(recording.read_bytes())
    attributes, _, start, size = struct.unpack_from("<4Q", data, 24)
    (sample_type,) = struct.unpack_from("<Q", data, attributes + 24)
    place = 16 if sample_type & 1 << 16 else 8  # after PERF_SAMPLE_IDENTIFIER
    at, count = start, 0
    while at < start + size:
        kind, _, length = struct.unpack_from("<IHH", data, at)
        if kind == 9:  # PERF_RECORD_SAMPLE
            struct.pack_into("<Q", data, at + place, addresses[count % len(addresses)])
            count += 1
        at += length
    recording.write_bytes(data)
    return count
