"""Functions of ELF files, compared with nm; hostile files."""

import lzma
import struct
from collections import defaultdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import SymbolError
from riostat.profiler.symbols.boot import vdso_image
from riostat.profiler.symbols.debugfiles import embedded_functions
from riostat.profiler.symbols.demangling import demangled
from riostat.profiler.symbols.elf import ElfFile, SectionType, image_reader
from riostat.profiler.symbols.functions import Functions, read_functions, table_of_functions
from riostat.profiler.symbols.linkage import linkage_functions
from riostat.profiler.symbols.table import SymbolTable
from tests.profiler.symbols.programs import build, require, run


def _table(image: bytes, *kinds: int) -> SymbolTable:
    elf = ElfFile(image_reader(image), "the file")
    functions = Functions.empty()
    for kind in kinds or (SectionType.SYMTAB, SectionType.DYNSYM):
        functions += read_functions(elf, kind)
    return table_of_functions("file", "test", functions, elf)


def _named(table: SymbolTable) -> dict[str, tuple[int, int]]:
    """The spans of functions by name."""
    spans = zip(table.starts.tolist(), table.ends.tolist(), strict=True)
    return dict(zip(table.symbols(np.arange(len(table), dtype=np.int32)), spans, strict=True))


@pytest.mark.parametrize("flags", [(), ("-m32", "-nostdlib", "-shared", "-fPIC")], ids=["64", "32"])
def test_functions_of_a_small_program(tmp_path: Path, flags: tuple[str, ...]) -> None:
    named = _named(_table(build(tmp_path, *flags).read_bytes()))
    assert {"main", "outer", "weakling", "bare", "sized"} <= named.keys()
    assert not {"place", ".Lhidden", "twin", "puts"} & named.keys()
    assert named["sized"][1] - named["sized"][0] == 2
    assert named["bare"][1] == named["sized"][0]


@pytest.mark.parametrize("library", ["libc.so.6", "libstdc++.so.6", "libm.so.6"])
def test_every_function_that_nm_names_is_found(library: str) -> None:
    require("nm", "gcc")
    file = Path(run("gcc", f"-print-file-name={library}").strip()).resolve()
    names = defaultdict(set)
    for line in run(
        "nm", "-D", "--defined-only", "--without-symbol-versions", "-S", file
    ).splitlines():
        match line.split():
            case [address, _, "T" | "t" | "W" | "w" | "i", name]:
                names[int(address, 16)].add(demangled(name.encode()))
    table = _table(file.read_bytes(), SectionType.DYNSYM)
    addresses = np.array(sorted(names), np.uint64)
    found = table.symbols(table.lookup(addresses))
    unlike = [
        (address, name, names[address])
        for address, name in zip(addresses.tolist(), found, strict=True)
        if name not in names[address]
    ]
    assert len(names) > 500
    assert unlike == []


def test_a_file_without_symbols_makes_an_empty_table(tmp_path: Path) -> None:
    require("strip")
    program = build(tmp_path, "-static", "-nostdlib", source="void _start(void) { for (;;); }")
    run("strip", program)
    assert len(_table(program.read_bytes())) == 0


def _functions(*rows: tuple[int, int, bytes, int, bool]) -> Functions:
    starts, sizes, names, bindings, labels = zip(*rows, strict=True)
    return Functions(
        np.array(starts, np.uint64),
        np.array(sizes, np.uint64),
        list(names),
        np.array(bindings, np.uint8),
        np.array(labels, np.bool_),
    )


_LOCAL, _GLOBAL, _WEAK = 0, 1, 2


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((8, b"__a", _LOCAL, False), (0, b"abc", _GLOBAL, False)),
        ((8, b"a", _LOCAL, False), (8, b"abc", _GLOBAL, True)),
        ((8, b"__a", _LOCAL, False), (8, b"abc", _WEAK, False)),
        ((8, b"__a", _GLOBAL, False), (8, b"abc", _LOCAL, False)),
        ((8, b"a", _GLOBAL, False), (8, b"_abc", _GLOBAL, False)),
        ((8, b"abc", _GLOBAL, False), (8, b"ab", _GLOBAL, False)),
        ((8, b"first", _GLOBAL, False), (8, b"later", _GLOBAL, False)),
    ],
)
def test_the_name_of_several_at_one_address_is_the_one_that_perf_chooses(
    better: tuple[int, bytes, int, bool], worse: tuple[int, bytes, int, bool]
) -> None:
    rows = [(64, *better), (64, *worse)]
    assert _functions(*rows).resolved().names == [better[1]]
    if better[1] != b"first":
        assert _functions(*reversed(rows)).resolved().names == [better[1]]


def test_labels_are_kept_between_functions_and_dropped_within() -> None:
    rows = [(100, 50, b"outer", 1, False), (120, 10, b"inner", 1, False)]
    rows += [(140, 0, b"within", 1, True), (150, 0, b"between", 1, True)]
    assert _functions(*rows).resolved().names == [b"outer", b"inner", b"between"]


@cache
def _images() -> tuple[bytes, ...]:
    require("objcopy", "strip")
    with TemporaryDirectory() as name:
        directory = Path(name)
        whole = build(directory)
        small = build(directory, "-m32", "-nostdlib", "-shared", "-fPIC", name="small")
        debug, stripped = directory / "debug", directory / "stripped"
        run("objcopy", "--only-keep-debug", whole, debug)
        run("strip", whole, "-o", stripped)
        debug.write_bytes(lzma.compress(debug.read_bytes()))
        run("objcopy", "--add-section", f".gnu_debugdata={debug}", stripped)
        files = (whole, small, stripped)
        return (*(file.read_bytes() for file in files), vdso_image())


_ABSURD = [0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 63, (1 << 63) - 1, (1 << 64) - 1, 0xFF00]


@st.composite
def _hostile_images(draw: st.DrawFn) -> bytes:
    """Real files, of which some words were changed and the end may be missing."""
    image = bytearray(draw(st.sampled_from(_images())))
    (sections,) = struct.unpack_from(
        "<Q" if image[4] == 2 else "<I", image, 40 if image[4] == 2 else 32
    )
    headers = st.integers(16, 1024) | st.integers(sections, len(image) - 8)
    for _ in range(draw(st.integers(1, 6))):
        place = draw(headers | st.integers(0, len(image) - 8))
        size = draw(st.sampled_from([1, 2, 4, 8]))
        value = draw(st.sampled_from(_ABSURD) | st.integers(0, 2 * len(image)))
        place = place // size * size
        image[place : place + size] = value.to_bytes(8, "little")[:size]
    return bytes(image[: draw(st.none() | st.integers(0, len(image)))])


def _read_all(image: bytes) -> SymbolTable:
    elf = ElfFile(image_reader(image), "the file")
    functions = read_functions(elf, SectionType.SYMTAB) + read_functions(elf, SectionType.DYNSYM)
    functions += embedded_functions(elf) + linkage_functions(elf)
    return table_of_functions("file", "test", functions, elf)


@given(image=_hostile_images())
def test_a_hostile_file_is_refused_or_makes_a_table_that_holds_together(image: bytes) -> None:
    try:
        table = _read_all(image)
    except SymbolError:
        return
    assert (table.starts[1:] > table.starts[:-1]).all()
    assert (table.ends >= table.starts).all()
    assert len(table.symbols(np.arange(len(table), dtype=np.int32))) == len(table)
    everywhere = np.array([0, 1, len(image), 1 << 63, (1 << 64) - 1], np.uint64)
    found = np.concatenate([table.lookup(table.starts), table.lookup_offsets(everywhere)])
    assert ((found >= -1) & (found < len(table))).all()


def test_names_that_share_their_bytes_do_not_fill_memory(tmp_path: Path) -> None:
    image = bytearray(build(tmp_path).read_bytes())
    elf = ElfFile(image_reader(bytes(image)), "the file")
    table = elf.section_of_type(SectionType.SYMTAB)
    assert table is not None
    # A million entries with one name of 4,096 bytes: four gigabytes, were it copied for each.
    strings, entries = len(image), len(image) + 8192
    image += b"\0" + b"a" * 8191
    image += struct.pack("<IBBHQQ", 1, 2, 0, 1, 4096, 1) * (1 << 20)
    (headers,) = struct.unpack_from("<Q", image, 40)
    place = headers + 64 * elf.sections.index(table)
    struct.pack_into("<QQ", image, place + 24, entries, 24 << 20)
    struct.pack_into("<QQ", image, headers + 64 * table.link + 24, strings, 8192)
    with pytest.raises(SymbolError, match="too many names"):
        _table(bytes(image))
