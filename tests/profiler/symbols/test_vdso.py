"""The vDSO's functions, and where a clock call really goes."""

import ctypes
from pathlib import Path

import numpy as np

from riostat.profiler.symbols.boot import vdso_image
from riostat.profiler.symbols.vdso import VDSO, vdso_table


def test_the_clock_is_among_its_functions() -> None:
    table = vdso_table(vdso_image())
    names = table.symbols(np.arange(len(table), dtype=np.int32))
    assert (table.name, table.reason, table.source) == (VDSO, None, "vdso")
    assert any(name.endswith("clock_gettime") for name in names)


def test_the_functions_lie_where_the_linker_finds_them() -> None:
    table = vdso_table(vdso_image())
    linked = ctypes.CDLL("linux-vdso.so.1")
    maps = Path("/proc/self/maps").read_text().splitlines()
    base = next(int(line.split("-")[0], 16) for line in maps if line.endswith("[vdso]"))
    for index, name in enumerate(table.symbols(np.arange(len(table), dtype=np.int32))):
        address = ctypes.cast(linked[name], ctypes.c_void_p).value
        assert address is not None
        offset = np.array([address - base], np.uint64)
        assert table.lookup_offsets(offset).tolist() == [index]


def test_no_vdso_is_a_reason() -> None:
    table = vdso_table(b"")
    assert len(table) == 0
    assert table.reason == "[vdso] is not an ELF file, so its functions have no names."
