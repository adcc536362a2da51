"""Tables kept on disk: what comes back, and what happens to damaged files."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.symbols.boot import vdso_image
from riostat.profiler.symbols.cache import SymbolCache
from riostat.profiler.symbols.table import SymbolTable
from riostat.profiler.symbols.vdso import vdso_table


def _same(one: SymbolTable, other: SymbolTable) -> bool:
    everything = np.arange(len(one), dtype=np.int32)
    return (
        (one.name, one.source, one.module_names) == (other.name, other.source, other.module_names)
        and np.array_equal(one.starts, other.starts)
        and np.array_equal(one.ends, other.ends)
        and np.array_equal(one.segments, other.segments)
        and one.symbols(everything) == other.symbols(everything)
        and [one.module(index) for index in everything.tolist()]
        == [other.module(index) for index in everything.tolist()]
    )


def _table(starts: list[int], names: list[bytes]) -> SymbolTable:
    codes = np.array([start % 2 for start in starts], np.uint16)
    values = np.array(starts, np.uint64)
    return SymbolTable.build(
        "file", "test", values, values + np.uint64(1), names,
        modules=(("a", "b"), codes), segments=np.array([[1, 2, 3]], np.uint64),
    )  # fmt: skip


@given(
    functions=st.dictionaries(st.integers(0, (1 << 64) - 2), st.binary(max_size=20), max_size=20)
)
def test_what_was_stored_comes_back(
    functions: dict[int, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = SymbolCache(tmp_path_factory.mktemp("cache"))
    table = _table(sorted(functions), [functions[start] for start in sorted(functions)])
    cache.store("key", table)
    loaded = cache.load("key")
    assert loaded is not None
    assert _same(loaded, table)


def test_a_large_table_comes_back(tmp_path: Path) -> None:
    cache = SymbolCache(tmp_path / "made")
    names = [b"function_%d" % number for number in range(60_000)]
    table = _table(list(range(60_000)), names)
    cache.store("key", table)
    loaded = cache.load("key")
    assert (tmp_path / "made" / "key.symbols").stat().st_size > 1 << 20
    assert loaded is not None
    assert _same(loaded, table)
    extended = loaded.with_extra([("extra", 10, 1)], module="[bpf]")
    assert extended.symbol(10) == "extra"


def test_another_key_or_stamp_finds_nothing(tmp_path: Path) -> None:
    cache, table = SymbolCache(tmp_path), vdso_table(vdso_image())
    cache.store("key", table, stamp="1")
    assert cache.load("key", stamp="1") is not None
    assert cache.load("key", stamp="2") is None
    assert cache.load("other") is None
    (tmp_path / "key.symbols").rename(tmp_path / "other.symbols")
    assert cache.load("other", stamp="1") is None


def test_a_file_with_any_byte_changed_or_missing_counts_as_absent(tmp_path: Path) -> None:
    cache, table = SymbolCache(tmp_path), vdso_table(vdso_image())
    cache.store("key", table)
    path = tmp_path / "key.symbols"
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert cache.load("key") is None
        path.write_bytes(whole[:place])
        assert cache.load("key") is None
    cache.store("key", table)
    loaded = cache.load("key")
    assert loaded is not None
    assert _same(loaded, table)


@given(content=st.binary(max_size=200))
def test_foreign_files_count_as_absent(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("cache")
    (directory / "key.symbols").write_bytes(content)
    assert SymbolCache(directory).load("key") is None


def test_the_oldest_files_leave_a_full_cache(tmp_path: Path) -> None:
    table = vdso_table(vdso_image())
    cache = SymbolCache(tmp_path)
    for number in range(4):
        cache.store(f"key{number}", table)
        os.utime(tmp_path / f"key{number}.symbols", ns=(number, number))
    size = (tmp_path / "key0.symbols").stat().st_size
    SymbolCache(tmp_path, size_max=3 * size).store("new4", table)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["key2", "key3", "new4"]
    SymbolCache(tmp_path, size_max=1).store("new5", table)
    assert [path.stem for path in tmp_path.iterdir()] == ["new5"]


def test_a_place_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = SymbolCache(tmp_path / "file")
    cache.store("key", vdso_table(vdso_image()))
    assert cache.load("key") is None
