"""Entries of the procedure linkage table, compared with objdump."""

import re
from pathlib import Path

import numpy as np
import pytest

from riostat.profiler.symbols.elf import ElfFile, image_reader
from riostat.profiler.symbols.linkage import linkage_functions
from tests.profiler.symbols.programs import build, require, run

_SOURCE = """
int puts(const char *); int abs(int); void *malloc(unsigned long); long random(void);
void *pointer = (void *)random;
int main(int argc, char **argv) { puts("x"); malloc(3); return ((long (*)(void))random)() != 0; }
"""


def _expected(program: Path) -> dict[int, bytes]:
    """What objdump calls the places of the linkage sections."""
    text = run("objdump", "-d", "-j", ".plt", "-j", ".plt.sec", "-j", ".plt.got", program)
    labels = re.findall(r"^([0-9a-f]+) <([^>]+)@plt>:", text, re.MULTILINE)
    return {int(address, 16): f"{name}@plt".encode() for address, name in labels}


@pytest.mark.parametrize(
    "flags",
    [
        ("-fno-builtin",),
        ("-fno-builtin", "-fcf-protection=full", "-Wl,-z,ibtplt"),
        ("-fno-builtin", "-no-pie", "-Wl,-z,lazy"),
        ("-fno-builtin", "-Wl,-z,now"),
    ],
    ids=["default", "ibt", "lazy", "now"],
)
def test_entries_are_those_that_objdump_names(tmp_path: Path, flags: tuple[str, ...]) -> None:
    require("objdump")
    program = build(tmp_path, *flags, source=_SOURCE)
    functions = linkage_functions(ElfFile(image_reader(program.read_bytes()), "the file"))
    found = dict(zip(functions.starts.tolist(), functions.names, strict=True))
    expected = _expected(program)
    assert {b"puts@plt", b"malloc@plt"} <= set(expected.values())
    # Entries of .plt.sec lead there through .plt, which objdump names too.
    assert set(found.values()) == set(expected.values())
    assert found.items() <= expected.items()
    assert (np.isin(functions.sizes, (8, 16))).all()


def test_a_static_program_has_none(tmp_path: Path) -> None:
    source = "void _start(void) { for (;;); }"
    program = build(tmp_path, "-static", "-nostdlib", source=source)
    assert linkage_functions(ElfFile(image_reader(program.read_bytes()), "x")).names == []
