"""Separate and embedded symbols of stripped programs."""

import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from riostat.profiler.symbols.debugfiles import (
    debug_path,
    embedded_functions,
    separate_functions,
)
from riostat.profiler.symbols.elf import ElfFile, image_reader
from riostat.profiler.symbols.filesystem import HOST
from riostat.profiler.symbols.functions import Functions
from tests.profiler.symbols.programs import SOURCE, build, require, run


@pytest.fixture
def stripped(tmp_path: Path) -> tuple[Path, Path]:
    """A stripped program, and its debug file where nobody looks for it."""
    require("objcopy", "strip")
    program = build(tmp_path)
    debug = tmp_path / "kept" / "program.debug"
    debug.parent.mkdir()
    run("objcopy", "--only-keep-debug", program, debug)
    run("strip", program)
    return program, debug


def _separate(program: Path, directory: Path) -> set[bytes]:
    elf = ElfFile(image_reader(program.read_bytes()), "the file")
    return {*separate_functions(elf, str(program), HOST, str(directory)).names}


def test_a_debug_file_is_found_by_build_id(stripped: tuple[Path, Path], tmp_path: Path) -> None:
    program, debug = stripped
    build_id = ElfFile(image_reader(program.read_bytes()), "the file").build_id()
    assert build_id is not None
    assert _separate(program, tmp_path / "debug") == set()
    place = Path(debug_path(str(tmp_path / "debug"), build_id))
    place.parent.mkdir(parents=True)
    debug.rename(place)
    assert {b"main", b"outer", b"bare"} <= _separate(program, tmp_path / "debug")


def test_a_debug_file_of_another_build_is_not_taken(
    stripped: tuple[Path, Path], tmp_path: Path
) -> None:
    program, _ = stripped
    build_id = ElfFile(image_reader(program.read_bytes()), "the file").build_id()
    assert build_id is not None
    place = Path(debug_path(str(tmp_path / "debug"), build_id))
    place.parent.mkdir(parents=True)
    build(tmp_path, source=SOURCE + "int other;", name="other").rename(place)
    assert _separate(program, tmp_path / "debug") == set()


_PLACES: list[Callable[[Path, Path], Path]] = [
    lambda folder, _: folder,
    lambda folder, _: folder / ".debug",
    lambda folder, directory: Path(f"{directory}{folder}"),
]


@pytest.mark.parametrize("place_of", _PLACES, ids=["beside", "below", "apart"])
def test_a_debug_file_is_found_by_its_link(
    stripped: tuple[Path, Path], tmp_path: Path, place_of: Callable[[Path, Path], Path]
) -> None:
    program, debug = stripped
    run("objcopy", f"--add-gnu-debuglink={debug}", program)
    place = place_of(program.parent, tmp_path / "debug") / debug.name
    place.parent.mkdir(parents=True, exist_ok=True)
    debug.rename(place)
    assert {b"main", b"outer"} <= _separate(program, tmp_path / "debug")
    with place.open("ab") as file:
        file.write(b"x")
    assert _separate(program, tmp_path / "debug") == set()


@pytest.mark.parametrize("name", [b"../kept/program.debug", b"", b".", b"..", b"a" * 300, b"\xff"])
def test_a_link_that_is_no_file_name_leads_nowhere(
    stripped: tuple[Path, Path], tmp_path: Path, name: bytes
) -> None:
    program, _ = stripped
    content = tmp_path / "link"
    content.write_bytes(name + b"\0" * (4 - len(name) % 4) + bytes(4))
    run("objcopy", "--add-section", f".gnu_debuglink={content}", program)
    assert _separate(program, tmp_path / "debug") == set()


def _embedded(program: Path, content: bytes, tmp_path: Path) -> Functions:
    data = tmp_path / "data"
    data.write_bytes(content)
    run("objcopy", "--add-section", f".gnu_debugdata={data}", program)
    return embedded_functions(ElfFile(image_reader(program.read_bytes()), "the file"))


def test_compressed_symbols_are_read(stripped: tuple[Path, Path], tmp_path: Path) -> None:
    program, debug = stripped
    packed = lzma.compress(debug.read_bytes())
    assert {b"main", b"outer"} <= {*_embedded(program, packed, tmp_path).names}


@pytest.mark.parametrize(
    "content",
    [b"x", b"not compressed", lzma.compress(b"not ELF"), lzma.compress(bytes(200 << 20))],
    ids=["short", "plain", "other", "bomb"],
)
def test_compressed_rubbish_is_no_symbols(
    stripped: tuple[Path, Path], tmp_path: Path, content: bytes
) -> None:
    assert _embedded(stripped[0], content, tmp_path).names == []
