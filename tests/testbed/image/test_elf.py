"""What programs need, compared with another reader, and hostile files."""

import random
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection
from elftools.elf.segments import InterpSegment

from riostat.core.errors import ImageError
from riostat.testbed.image.elf import is_elf, is_x86_64, read_needs, read_section
from tests.testbed.image.elves import module

_PROGRAMS = [Path("/bin/sh"), Path("/usr/bin/env"), Path("/usr/bin/apt-get"), Path("/usr/bin/perl")]


def _libraries() -> list[Path]:
    return sorted(Path("/usr/lib/x86_64-linux-gnu").glob("lib[a-d]*.so.*"))[:40]


@pytest.mark.parametrize("path", [path for path in _PROGRAMS if path.exists()], ids=str)
def test_programs_are_read_as_pyelftools_reads_them(path: Path) -> None:
    _compare(path)


def test_libraries_are_read_as_pyelftools_reads_them() -> None:
    for path in _libraries():
        if is_x86_64(path.read_bytes()[:64]):
            _compare(path)


def _compare(path: Path) -> None:
    needs = read_needs(path.read_bytes(), str(path))
    with path.open("rb") as file:
        elf = ELFFile(file)
        dynamic = elf.get_section_by_name(".dynamic")
        tags = list(dynamic.iter_tags()) if isinstance(dynamic, DynamicSection) else []
        needed_tags = [tag for tag in tags if tag.entry.d_tag == "DT_NEEDED"]
        names = [tag.needed for tag in needed_tags]  # type: ignore[attr-defined]  # set by its kind
        assert list(needs.libraries) == names
        segments = [one for one in elf.iter_segments() if isinstance(one, InterpSegment)]
        assert [needs.interpreter] == [one.get_interp_name() for one in segments] or [""]
        needed, provided = set(), set()
        for section in elf.iter_sections():
            if isinstance(section, GNUVerNeedSection):
                for version, entries in section.iter_versions():
                    needed |= {(version.name, e.name) for e in entries if not e["vna_flags"] & 2}
            elif isinstance(section, GNUVerDefSection):
                provided |= {next(entries).name for _, entries in section.iter_versions()}
        assert set(needs.versions) == needed
        assert needs.provided == provided


def test_a_section_is_found_by_its_name() -> None:
    assert read_section(module({"depends": "a"}), ".modinfo", "m") == b"depends=a\0"
    assert read_section(module({}), ".none", "m") == b""
    assert not is_elf(b"#!/bin/sh\n")


def test_a_program_for_another_machine_is_refused() -> None:
    content = bytearray(Path(sys.executable).read_bytes()[:4096])
    content[18] = 183  # AArch64
    with pytest.raises(ImageError, match=r"^tool is a program or library for another machine"):
        read_needs(bytes(content), "tool")


def _mutated(content: bytes, chance: random.Random) -> bytes:
    mutated = bytearray(content)
    for _ in range(chance.randrange(1, 12)):
        mutated[chance.randrange(min(len(mutated), 4096))] = chance.randrange(256)
    return bytes(mutated[: chance.choice([len(mutated), chance.randrange(len(mutated))])])


def _fuzz(rounds: int) -> None:
    seed = random.randrange(1 << 32)
    print("seed", seed)  # noqa: T201 - a failure shows it
    chance = random.Random(seed)
    samples = [Path("/bin/sh").read_bytes(), module({"depends": "a,b"})]
    for _ in range(rounds):
        content = _mutated(chance.choice(samples), chance)
        for read in (lambda c: read_needs(c, "x"), lambda c: read_section(c, ".modinfo", "x")):
            with suppress(ImageError):
                read(content)


def test_damaged_files_are_read_or_refused() -> None:
    _fuzz(300)


@pytest.mark.soak
def test_many_damaged_files_are_read_or_refused() -> None:
    _fuzz(50_000)
