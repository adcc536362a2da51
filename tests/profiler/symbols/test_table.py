"""Looking up addresses, compared with a search one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.symbols.table import UNKNOWN, SymbolTable

_SPANS = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 60)), unique_by=lambda span: span[0]
).map(sorted)


def _table(spans: list[tuple[int, int]], **segments: list[tuple[int, int, int]]) -> SymbolTable:
    starts = np.array([start for start, _ in spans], np.uint64)
    ends = np.array([start + size for start, size in spans], np.uint64)
    names = [b"f%d" % start for start, _ in spans]
    rows = np.array(segments.get("segments", []), np.uint64).reshape(-1, 3)
    return SymbolTable.build("file", "test", starts, ends, names, segments=rows)


@given(spans=_SPANS, addresses=st.lists(st.integers(0, 400)))
def test_a_function_is_found_wherever_one_covers_the_address(
    spans: list[tuple[int, int]], addresses: list[int]
) -> None:
    table = _table(spans)
    found = table.lookup(np.array(addresses, np.uint64)).tolist()
    for address, index in zip(addresses, found, strict=True):
        covering = [
            place for place, (start, size) in enumerate(spans) if 0 <= address - start < size
        ]
        before = [place for place, (start, _) in enumerate(spans) if start <= address]
        assert (index in covering) if covering else index == -1
        if covering and covering[-1] == before[-1]:
            assert index == covering[-1]


def test_the_inner_of_functions_in_one_another_is_found() -> None:
    table = _table([(100, 100), (120, 10)])
    found = table.lookup(np.array([99, 100, 119, 120, 129, 130, 199, 200], np.uint64))
    assert found.tolist() == [-1, 0, 0, 1, 1, 0, 0, -1]


def test_offsets_are_taken_to_addresses_by_segments() -> None:
    table = _table([(0x401000, 16), (0x602000, 16)], segments=[(0x1000, 0x1100, 0x401000)])
    found = table.lookup_offsets(np.array([0xFFF, 0x1000, 0x100F, 0x1010, 0x202000], np.uint64))
    assert found.tolist() == [-1, 0, 0, -1, -1]


def test_addresses_of_the_upper_half_are_not_rounded() -> None:
    start = 0xFFFF_FFFF_8100_0001
    table = _table([(start, 1), (start + 1, 1)])
    assert table.lookup(np.array([start - 1, start, start + 1], np.uint64)).tolist() == [-1, 0, 1]


def test_an_empty_table_knows_nothing_and_says_why() -> None:
    table = SymbolTable.empty("file", "The file is gone.")
    assert (len(table), table.name, table.reason) == (0, "file", "The file is gone.")
    assert table.lookup(np.array([0, 1], np.uint64)).tolist() == [-1, -1]
    assert table.lookup_offsets(np.array([0, 1], np.uint64)).tolist() == [-1, -1]
    assert table.symbols(np.array([-1, -1], np.int32)) == [UNKNOWN, UNKNOWN]
    assert table.module(-1) == "file"


def test_names_are_fit_for_people() -> None:
    one = np.array([1], np.uint64)
    table = SymbolTable.build("file", "test", one, one + one, [b"_ZN1a1bEv\x1b[31m"])
    assert table.symbol(0) == "_ZN1a1bEv\\x1b[31m"
    assert table.symbol(-1) == UNKNOWN


def test_names_without_end_are_cut() -> None:
    one = np.array([1], np.uint64)
    table = SymbolTable.build("file", "test", one, one + one, [b"a" * 100_000])
    assert len(table.symbol(0)) == 4096


def test_a_table_under_another_name() -> None:
    table = _table([(1, 1)]).renamed("other")
    assert (table.name, table.module(0), table.module(-1)) == ("other", "other", "other")


def test_further_functions_hide_those_at_their_addresses() -> None:
    table = _table([(100, 50), (200, 50), (300, 50)])
    extra = [("bpf_prog_old", 200, 8), ("bpf_prog_new", 200, 16), ("inside", 110, 5), ("low", 2, 2)]
    merged = table.with_extra(extra, module="[bpf]")
    found = merged.lookup(np.array([2, 100, 110, 115, 200, 216, 300], np.uint64))
    assert merged.symbols(found) == [
        "low", "f100", "inside", "f100", "bpf_prog_new", UNKNOWN, "f300",
    ]  # fmt: skip
    assert [merged.module(index) for index in found.tolist()] == [
        "[bpf]", "file", "[bpf]", "file", "[bpf]", "file", "file",
    ]  # fmt: skip
    assert len(table) == 3


@pytest.mark.parametrize(
    "extra", [("f", -1, 5), ("f", 5, 0), ("f", 5, -1), ("f", 1 << 64, 1), ("f", (1 << 64) - 1, 9)]
)
def test_impossible_further_functions_are_left_out(extra: tuple[str, int, int]) -> None:
    table = _table([(100, 50)])
    assert table.with_extra([extra], module="[bpf]") is table


def test_further_functions_are_named_as_people_read_them() -> None:
    merged = SymbolTable.empty("kernel", "hidden").with_extra([("é\ud800\n", 7, 1)], module="[x]\n")
    assert merged.symbol(0) == "é?\\x0a"
    assert merged.module(0) == "[x]\\x0a"
    assert merged.reason is None
