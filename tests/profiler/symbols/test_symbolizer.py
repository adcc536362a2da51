"""Finding symbols wherever they are; what perf says of the same addresses."""

import mmap
import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.symbols.boot import (
    KALLSYMS,
    copied_symbols,
    copied_vdso,
    hidden_symbols,
    this_boot,
)
from riostat.profiler.symbols.debugfiles import debug_path
from riostat.profiler.symbols.elf import ElfFile, image_reader
from riostat.profiler.symbols.symbolizer import Inode, Symbolizer
from riostat.profiler.symbols.table import UNKNOWN, SymbolTable
from tests.profiler.symbols.programs import SOURCE, build, require, run

_NO_BOOT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def symbolizer(tmp_path: Path) -> Symbolizer:
    return _new(tmp_path)


def _new(tmp_path: Path) -> Symbolizer:
    """A symboliser that remembers nothing but what is on disk."""
    return Symbolizer(tmp_path / "cache", debug_directory=str(tmp_path / "debug"))


def _names(table: SymbolTable) -> set[str]:
    return {*table.symbols(np.arange(len(table), dtype=np.int32))}


def _build_id(program: Path) -> bytes:
    build_id = ElfFile(image_reader(program.read_bytes()), "the file").build_id()
    assert build_id is not None
    return build_id


def _inode(path: Path) -> Inode:
    status = path.stat()
    return os.major(status.st_dev), os.minor(status.st_dev), status.st_ino


def test_a_file_is_known_by_its_build_id(symbolizer: Symbolizer, tmp_path: Path) -> None:
    program = build(tmp_path)
    table = symbolizer.module(str(program), _build_id(program))
    assert (table.name, table.reason, table.source) == ("program", None, "symtab")
    assert {"main", "outer", "puts@plt"} <= _names(table)
    assert symbolizer.module(str(program), _build_id(program)) is table


def test_a_file_that_was_replaced_is_not_believed(symbolizer: Symbolizer, tmp_path: Path) -> None:
    program = build(tmp_path)
    table = symbolizer.module(str(program), b"\1" * 20)
    assert len(table) == 0
    assert table.reason is not None
    assert table.reason.startswith(f"{program} is not the file that was sampled")
    assert symbolizer.module(str(program), _build_id(program)).reason is None


def test_a_file_that_is_gone_is_still_known_by_its_build_id(tmp_path: Path) -> None:
    program = build(tmp_path)
    build_id, inode = _build_id(program), _inode(program)
    _new(tmp_path).module(str(program), None, inode=inode)
    program.unlink()
    table = _new(tmp_path).module(f"{program} (deleted)", build_id)
    assert (table.name, table.module(0)) == ("program", "program")
    assert "main" in _names(table)
    nothing = _new(tmp_path).module(str(program), None, inode=inode)
    assert nothing.name == "program"
    assert nothing.reason is not None
    assert "cannot be read (No such file or directory)" in nothing.reason


def test_without_a_build_id_the_inode_decides(symbolizer: Symbolizer, tmp_path: Path) -> None:
    program = build(tmp_path, "-Wl,--build-id=none")
    assert symbolizer.module(str(program), None, inode=_inode(program)).reason is None
    major, minor, number = _inode(program)
    other = symbolizer.module(str(program), None, inode=(major, minor, number + 1))
    assert other.reason is not None
    assert "is not the file that was sampled" in other.reason
    elsewhere = _new(tmp_path).module(str(program), None, inode=(major + 1, minor, number))
    assert len(elsewhere) == 0
    # A program that is built anew in its place is read anew.
    replacement = build(tmp_path, "-Wl,--build-id=none", source="int main(void) { return 1; }")
    assert "outer" not in _names(_new(tmp_path).module(str(replacement), None))


@pytest.mark.root
def test_a_file_of_an_overlay_is_known_by_the_inode_of_its_mapping(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("mounting needs root")
    lower, upper, work, merged = (tmp_path / name for name in ("lower", "upper", "work", "merged"))
    for folder in (lower, upper, work, merged):
        folder.mkdir()
    shutil.copy(build(tmp_path), lower / "below")
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    run("mount", "-t", "overlay", "overlay", "-o", options, merged)
    try:
        shutil.copy(merged / "below", merged / "above")
        for path in (merged / "below", merged / "above"):
            assert _new(tmp_path).module(str(path), None, inode=_mapped(path)).reason is None
            other = (*_mapped(path)[:2], 1)
            assert len(_new(tmp_path).module(str(path), None, inode=other)) == 0
    finally:
        run("umount", merged)


def _mapped(path: Path) -> Inode:
    """The inode that a mapping of a file shows."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
        for line in Path("/proc/self/maps").read_text().splitlines():
            if line.endswith(str(path)):
                device, inode = line.split()[3:5]
                major, minor = (int(part, 16) for part in device.split(":"))
                return major, minor, int(inode)
    raise AssertionError(path)


def test_two_paths_to_one_file_are_two_modules(symbolizer: Symbolizer, tmp_path: Path) -> None:
    program = build(tmp_path)
    copy = Path(shutil.copy(program, tmp_path / "copy"))
    tables = [symbolizer.module(str(path), None) for path in (program, copy)]
    assert [table.name for table in tables] == ["program", "copy"]
    assert [table.module(0) for table in tables] == ["program", "copy"]
    assert tables[0].starts is tables[1].starts


def test_symbols_installed_later_are_found(tmp_path: Path) -> None:
    require("objcopy", "strip")
    program, debug = build(tmp_path), tmp_path / "program.debug"
    run("objcopy", "--only-keep-debug", program, debug)
    run("strip", program)
    before = _new(tmp_path).module(str(program), None)
    assert "main" not in _names(before)
    place = Path(debug_path(str(tmp_path / "debug"), _build_id(program)))
    place.parent.mkdir(parents=True)
    debug.rename(place)
    after = _new(tmp_path).module(str(program), None)
    assert after.source == "debug file"
    assert {"main", "outer", "puts@plt"} <= _names(after)


def test_what_is_no_program_has_a_reason(symbolizer: Symbolizer, tmp_path: Path) -> None:
    text = tmp_path / "te\nxt"
    text.write_text("hello")
    static = build(tmp_path, "-static", "-nostdlib", source="void _start(void) { for (;;); }")
    run("strip", static)
    for path, words in [
        (str(text), "te\\x0axt is not an ELF file"),
        (str(static), "program has no symbols"),
        (str(tmp_path), "cannot be read"),
        ("/dev/null", "/dev/null cannot be read (not a regular file)"),
    ]:
        table = symbolizer.module(path, None)
        assert len(table) == 0
        assert table.reason is not None
        assert words in table.reason
        assert table.reason.endswith(".")


@pytest.mark.parametrize(
    "path",
    ["", "//anon", "[heap]", "[stack]", "[anon:x]", "/memfd:x (deleted)", "/dev/zero", "/SYSV0000"],
)
def test_memory_without_a_file_has_no_symbols(symbolizer: Symbolizer, path: str) -> None:
    table = symbolizer.module(path, None)
    assert table.name == (path or "[anon]")
    assert table.reason is not None
    assert "memory without a file" in table.reason


@given(
    path=st.text() | st.text().map("/proc/self/{}".format) | st.text().map("/{}".format),
    build_id=st.none() | st.binary(max_size=100),
    inode=st.none() | st.tuples(st.integers(), st.integers(), st.integers()),
)
def test_nothing_recorded_makes_it_fail(
    path: str,
    build_id: bytes | None,
    inode: Inode | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    symbolizer = Symbolizer(tmp_path_factory.getbasetemp() / "cache")
    table = symbolizer.module(path, build_id, inode=inode, root_pid=os.getpid())
    assert bool(len(table)) == (table.reason is None)


def test_the_vsyscall_page(symbolizer: Symbolizer) -> None:
    table = symbolizer.module("[vsyscall]", None)
    found = table.lookup_offsets(np.array([0, 1025, 2048, 4096], np.uint64))
    assert table.symbols(found) == ["gettimeofday", "time", "getcpu", UNKNOWN]


def test_the_vdso_of_this_boot_and_of_another(symbolizer: Symbolizer, tmp_path: Path) -> None:
    table = symbolizer.module("[vdso]", None)
    assert any("clock_gettime" in name for name in _names(table))
    assert symbolizer.vdso(this_boot()) is table
    lost = symbolizer.vdso(_NO_BOOT)
    assert lost.reason is not None
    assert "vDSO" in lost.reason
    symbolizer.kernel("", "", this_boot())
    shutil.copy(
        copied_vdso(tmp_path / "cache", this_boot()), copied_vdso(tmp_path / "cache", _NO_BOOT)
    )
    assert _names(_new(tmp_path).vdso(_NO_BOOT)) == _names(table)


def test_the_kernel_of_an_earlier_boot(symbolizer: Symbolizer, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    copy = copied_symbols(tmp_path / "cache", _NO_BOOT)
    copy.write_bytes(b"ffffffff81000000 T first\nffffffff81000010 T second\n")
    assert _names(symbolizer.kernel("6.1", "ab", _NO_BOOT)) == {"first", "second"}
    again = _new(tmp_path).kernel("6.1", "ab", _NO_BOOT)
    assert _names(again) == {"first", "second"}
    copy.write_bytes(b"ffffffff81000000 T other\n")
    assert _names(_new(tmp_path).kernel("6.1", "ab", _NO_BOOT)) == {"other"}


@pytest.mark.parametrize("boot", [_NO_BOOT, "", "../x", "\n"])
def test_a_kernel_that_nobody_saved_has_a_reason(symbolizer: Symbolizer, boot: str) -> None:
    table = symbolizer.kernel("6.1", "ab", boot)
    assert len(table) == 0
    assert table.reason is not None
    assert "kernel 6.1 ab of boot" in table.reason
    assert "\n" not in table.reason


def test_the_running_kernel_needs_no_place_to_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for cache in (tmp_path / "cache", tmp_path / "file"):
        table = Symbolizer(cache).kernel(os.uname().release, "", this_boot())
        assert table.reason == hidden_symbols(KALLSYMS.read_bytes())
        assert (len(table) > 1000) == (table.reason is None)


_BUSY = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(void) {
    struct timespec now;
    static int numbers[1000];
    char text[64];
    for (int round = 0; round < 400; round++) {
        for (int i = 0; i < 1000; i++) numbers[i] = rand();
        qsort(numbers, 1000, sizeof *numbers, compare);
        for (int i = 0; i < 500; i++) {
            snprintf(text, sizeof text, "%d %g", numbers[i], i / 3.0);
            free(strdup(text));
            clock_gettime(CLOCK_MONOTONIC, &now);
        }
    }
    return 0;
}
"""


def test_addresses_have_the_names_that_perf_gives_them(tmp_path: Path) -> None:
    require("perf")
    program = build(tmp_path, source=_BUSY)
    recording = tmp_path / "perf.data"
    run("perf", "record", "-q", "-e", "cpu-clock:u", "-F", "10000", "-o", recording, program)
    symbolizer = Symbolizer(tmp_path / "cache")
    mappings = _mappings(recording)
    lines = run("perf", "script", "-i", recording, "-F", "ip,sym,dso").splitlines()
    different, known = [], 0
    for line in filter(str.strip, lines):
        address, name = line.rpartition(" (")[0].split(maxsplit=1)
        table, offset = _located(symbolizer, mappings, int(address, 16))
        (found,) = table.symbols(table.lookup_offsets(np.array([offset], np.uint64)))
        known += found != UNKNOWN
        # Linkage entries have a test of their own; perf leaves some without a name.
        if found != name and not name.endswith("@plt") and not found.endswith("@plt"):
            different.append((address, found, name))
    assert known > 100
    assert different == []


_Mapping = tuple[int, int, int, str]


def _mappings(recording: Path) -> list[_Mapping]:
    """The first address, size, offset and path of every MMAP2 record of a perf.data file."""
    data = recording.read_bytes()
    _, _, at, size = struct.unpack_from("<4Q", data, 24)
    end, found = at + size, []
    while at < end:
        kind, _, length = struct.unpack_from("<IHH", data, at)
        if kind == 10:
            start, extent, offset = struct.unpack_from("<3Q", data, at + 16)
            path = data[at + 72 : at + length].partition(b"\0")[0].decode()
            found.append((start, extent, offset, path))
        at += length
    return found


def _located(
    symbolizer: Symbolizer, mappings: list[_Mapping], address: int
) -> tuple[SymbolTable, int]:
    for start, size, offset, path in reversed(mappings):
        if 0 <= address - start < size:
            return symbolizer.module(path, None), address - start + offset
    return SymbolTable.empty("nowhere"), 0


def test_a_source_with_another_build_has_another_build_id(tmp_path: Path) -> None:
    one, other = build(tmp_path), build(tmp_path, source=SOURCE + "int x;", name="other")
    assert _build_id(one) != _build_id(other)
