"""Headers of ELF files, compared with pyelftools and readelf."""

import re
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import SymbolError
from riostat.profiler.symbols.boot import vdso_image
from riostat.profiler.symbols.elf import ElfFile, SectionType, image_reader
from tests.profiler.symbols.programs import build, require, run

_OWN = Path("/proc/self/exe").resolve()


def _elf(image: bytes) -> ElfFile:
    return ElfFile(image_reader(image), "the file")


@pytest.fixture(params=[(), ("-m32", "-nostdlib", "-shared", "-fPIC")], ids=["64", "32"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return build(tmp_path, *request.param)


def test_segments_and_sections_are_those_that_pyelftools_reads(program: Path) -> None:
    elf = _elf(program.read_bytes())
    with program.open("rb") as file:
        peer = ELFFile(file)
        assert elf.is_64_bit == (peer.elfclass == 64)
        assert [
            (part.offset, part.address, part.file_size, part.flags, part.alignment)
            for part in elf.segments
        ] == [
            (part["p_offset"], part["p_vaddr"], part["p_filesz"], part["p_flags"], part["p_align"])
            for part in peer.iter_segments()
        ]
        assert [
            (part.name.decode(), part.address, part.offset, part.size, part.flags, part.link)
            for part in elf.sections
        ] == [
            (
                part.name,
                part["sh_addr"],
                part["sh_offset"],
                part["sh_size"],
                part["sh_flags"],
                part["sh_link"],
            )
            for part in peer.iter_sections()
        ]
        text = peer.get_section_by_name(".text")
        section = elf.section(b".text")
        assert section is not None
        assert text is not None
        assert elf.content(section, 1 << 20) == text.data()


def test_code_comes_first_among_the_loaded_segments(program: Path) -> None:
    loaded = _elf(program.read_bytes()).loaded
    assert loaded[0].executable
    assert not loaded[-1].executable


def test_the_build_id_is_the_one_that_readelf_prints(program: Path) -> None:
    require("readelf")
    printed = re.search(r"Build ID: ([0-9a-f]+)", run("readelf", "-n", program))
    build_id = _elf(program.read_bytes()).build_id()
    assert printed is not None
    assert build_id is not None
    assert build_id.hex() == printed[1]


def test_the_build_id_is_found_through_sections_where_no_segment_has_it(tmp_path: Path) -> None:
    require("objcopy")
    thing = build(tmp_path, "-c", name="thing.o")
    note = tmp_path / "note"
    note.write_bytes(struct.pack("<III4s4s", 4, 4, 3, b"GNU\0", b"\1\2\3\4"))
    run("objcopy", "--add-section", f".note.gnu.build-id={note}", thing)
    assert _elf(thing.read_bytes()).build_id() == b"\1\2\3\4"


def test_the_interpreter_and_the_vdso_can_be_read() -> None:
    assert _elf(_OWN.read_bytes()).section_of_type(SectionType.DYNSYM) is not None
    assert _elf(vdso_image()).build_id() is not None


def test_more_sections_than_the_header_can_count_stand_in_the_first_section(
    tmp_path: Path,
) -> None:
    image = bytearray(build(tmp_path).read_bytes())
    sections = _elf(bytes(image)).sections
    (table,) = struct.unpack_from("<Q", image, 40)
    struct.pack_into("<H", image, 60, 0)
    struct.pack_into("<Q", image, table + 32, len(sections))
    assert _elf(bytes(image)).sections[1:] == sections[1:]
    struct.pack_into("<Q", image, table + 32, (1 << 64) - 1)
    assert len(_elf(bytes(image)).sections) <= (len(image) - table) // 64


@pytest.mark.parametrize(
    ("image", "word"),
    [
        (b"", "not an ELF file"),
        (b"#!/bin/sh\n", "not an ELF file"),
        (b"\x7fELF", "another byte order"),
        (b"\x7fELF\x02\x02" + bytes(100), "another byte order"),
        (b"\x7fELF\x03\x01" + bytes(100), "another byte order"),
        (b"\x7fELF\x02\x01" + bytes(10), "ends within"),
    ],
)
def test_what_is_no_file_of_ours_is_refused_with_a_reason(image: bytes, word: str) -> None:
    with pytest.raises(SymbolError, match=word):
        _elf(image)


def test_headers_of_another_size_are_refused(tmp_path: Path) -> None:
    image = bytearray(build(tmp_path).read_bytes())
    image[54] += 1
    with pytest.raises(SymbolError, match="program headers of 57 bytes"):
        _elf(bytes(image))
    image[54] -= 1
    image[58] += 1
    with pytest.raises(SymbolError, match="section headers of 65 bytes"):
        _elf(bytes(image)).section(b".text")


def test_a_section_that_is_too_large_is_refused(tmp_path: Path) -> None:
    elf = _elf(build(tmp_path).read_bytes())
    section = elf.section(b".text")
    assert section is not None
    with pytest.raises(SymbolError, match="at most 8"):
        elf.content(section, 8)


def test_a_build_id_of_absurd_size_is_none(tmp_path: Path) -> None:
    image = bytearray(build(tmp_path).read_bytes())
    note = image.index(struct.pack("<III4s", 4, 20, 3, b"GNU\0"))
    image[note + 4 : note + 8] = struct.pack("<I", 0)
    assert _elf(bytes(image)).build_id() is None
    image[note + 4 : note + 8] = struct.pack("<I", 0xFFFFFFFF)
    assert _elf(bytes(image)).build_id() is None


@given(cut=st.integers(0, 8192))
def test_a_file_that_ends_early_is_read_as_far_as_it_goes(cut: int) -> None:
    image = vdso_image()[:cut]
    try:
        elf = _elf(image)
        sections, build_id = elf.sections, elf.build_id()
    except SymbolError:
        return
    assert len(sections) <= len(_elf(vdso_image()).sections)
    assert build_id is None or len(build_id) <= 64
