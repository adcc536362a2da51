import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.mappings import (
    AddressSpace,
    MappedFile,
    Mapping,
    find_mappings,
    mapped_file,
    parse_maps,
)
from riostat.profiler.records import Mmap2

_FILE = MappedFile("/bin/a")


def _map(start: int, end: int, *, time_ns: int = 0) -> Mapping:
    return Mapping(time_ns, start, end, 0, _FILE)


def _made(start: int) -> Mmap2:
    """The record of a mapping of one byte."""
    return Mmap2(1, 1, start, 1, 0, b"/bin/a", None, None)


def _find(mappings: Sequence[Mapping], queries: Sequence[tuple[int, int]]) -> list[int]:
    """What each (address, time), sorted by address, is found in."""
    ips, times = (np.array([query[i] for query in queries], np.uint64) for i in (0, 1))
    found: list[int] = find_mappings(mappings, ips, times).tolist()
    return found


def test_a_text_of_maps_is_read() -> None:
    text = (
        b"55d0c0000000-55d0c0001000 r-xp 00002000 fd:01 131 /usr/bin/a b\n"
        b"7f0000000000-7f0000001000 rwxp 00000000 00:00 0 \n"
        b"7f0000002000-7f0000003000 r-xp 00001000 08:02 18446744073 /tmp/x\\012y (deleted)\n"
        b"7ffc00000000-7ffc00001000 r-xp 00000000 00:00 0                          [vdso]\n"
        b"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0          [vsyscall]\n"
    )
    assert [(m.start, m.end, m.offset, m.file) for m in parse_maps(text)] == [
        (
            0x55D0C0000000,
            0x55D0C0001000,
            0x2000,
            MappedFile("/usr/bin/a b", None, (0xFD, 1, 131)),
        ),
        (0x7F0000000000, 0x7F0000001000, 0, MappedFile("")),
        (
            0x7F0000002000,
            0x7F0000003000,
            0x1000,
            MappedFile("/tmp/x\ny (deleted)", None, (8, 2, 18446744073)),
        ),
        (0x7FFC00000000, 0x7FFC00001000, 0, MappedFile("[vdso]")),
        (0xFFFFFFFFFF600000, 0xFFFFFFFFFF601000, 0, MappedFile("[vsyscall]")),
    ]


def test_the_maps_of_this_process_are_read_whole() -> None:
    text = Path("/proc/self/maps").read_bytes()
    executable = [line for line in text.splitlines(keepends=True) if line.split()[1][2:3] == b"x"]
    assert len(parse_maps(b"".join(executable))) == len(executable)


@given(st.binary(max_size=200))
def test_any_text_is_read(text: bytes) -> None:
    assert parse_maps(text) == []


def test_records_and_maps_call_the_same_file_the_same() -> None:
    assert mapped_file(b"//anon", None, (0, 0, 0)) == mapped_file(b"", None, None)
    assert mapped_file(b"/a\xff", None, None).path == os.fsdecode(b"/a\xff")


def test_of_overlapping_mappings_the_last_one_counts() -> None:
    mappings = [_map(0, 100), _map(20, 40), _map(30, 60), _map(70, 70)]
    queries = [(at, 5) for at in (0, 19, 20, 29, 30, 59, 60, 70, 99, 100)]
    assert _find(mappings, queries) == [0, 0, 1, 1, 2, 2, 0, 0, 0, -1]


def test_a_mapping_counts_from_its_time_on() -> None:
    mappings = [_map(0, 100), _map(0, 50, time_ns=10), _map(0, 50, time_ns=20)]
    queries = [(7, 9), (7, 10), (7, 19), (7, 20), (60, 30)]
    assert _find(mappings, queries) == [0, 1, 1, 2, 0]


def test_without_mappings_nothing_is_found() -> None:
    assert _find([], [(1, 1), (2, 2)]) == [-1, -1]


@given(
    mappings=st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 12), st.integers(0, 9)), max_size=8
    ).map(lambda many: sorted(many, key=lambda one: one[2])),
    queries=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9))).map(sorted),
)
def test_it_finds_what_asking_one_after_another_finds(
    mappings: list[tuple[int, int, int]], queries: list[tuple[int, int]]
) -> None:
    made = [_map(start, start + length, time_ns=t) for start, length, t in mappings]
    expected = [
        max((i for i, m in enumerate(made) if m.start <= ip < m.end and m.time_ns <= t), default=-1)
        for ip, t in queries
    ]
    assert _find(made, queries) == expected


def test_a_child_begins_with_the_mappings_of_its_parent() -> None:
    parent = AddressSpace(1, maps=b"1000-2000 r-xp 00000000 08:01 5 /bin/a\n")
    parent.add(_made(3))
    child = parent.fork(2)
    parent.add(_made(5))
    grandchild = child.fork(3)
    child.add(_made(7))
    assert [m.start for m in parent.mappings()] == [0x1000, 3, 5]
    assert [m.start for m in child.mappings()] == [0x1000, 3, 7]
    assert [m.start for m in grandchild.mappings()] == [0x1000, 3]
    assert grandchild.pid == 3


def test_long_lines_of_ancestors_and_many_mappings_stay_bounded() -> None:
    space = AddressSpace(0)
    for pid in range(50_000):
        space = space.fork(pid)
        space.add(_made(pid))
    assert len(space.mappings()) <= 1 << 14
    assert space.mappings()[-1].start == 49_999
    full = AddressSpace(0)
    assert sum(full.add(_made(0)) for _ in range(20_000)) == 1 << 14
    child = full.fork(1)
    child.add(_made(8))
    assert len(child.mappings()) == 1 << 14
    assert child.mappings()[-1].start == 8


@pytest.mark.parametrize("inherited", [0, 3])
def test_a_child_without_mappings_of_its_own_hands_on_its_parents(inherited: int) -> None:
    first = AddressSpace(1)
    for start in range(inherited):
        first.add(_made(start))
    last = first.fork(2).fork(3).fork(4)
    first.add(_made(90))
    assert [m.start for m in last.mappings()] == list(range(inherited))
    assert last.parent is first
