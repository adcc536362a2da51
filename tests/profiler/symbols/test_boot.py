"""What is copied of the running kernel."""

import subprocess
import sys
from pathlib import Path

import pytest

from riostat.profiler.symbols.boot import (
    KALLSYMS,
    copied_symbols,
    copied_vdso,
    hidden_symbols,
    is_boot_id,
    save_kernel_symbols,
    this_boot,
    vdso_image,
)


def test_it_is_light_enough_for_the_recording_path() -> None:
    program = (
        "import sys; import riostat.profiler.symbols.boot; "
        "print({'numpy', 'numba', 'msgspec'} & sys.modules.keys())"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "set()\n"


def test_symbols_and_vdso_are_copied_once_a_boot(tmp_path: Path) -> None:
    cache = tmp_path / "data" / "symbols"
    reason = save_kernel_symbols(cache)
    assert copied_vdso(cache, this_boot()).read_bytes() == vdso_image()
    copy = copied_symbols(cache, this_boot())
    assert reason == hidden_symbols(KALLSYMS.read_bytes())
    if reason is not None:
        assert not copy.exists()
        pytest.skip(reason)
    assert copy.read_bytes().count(b"\n") > 1000
    copy.write_bytes(b"mark")
    assert save_kernel_symbols(cache) is None
    assert copy.read_bytes() == b"mark"
    (modules,) = cache.glob("*.modules")
    modules.write_bytes(b"another 0xffffffffc0000000\n")
    assert save_kernel_symbols(cache) is None
    assert copy.read_bytes() != b"mark"
    assert not list(cache.glob(".*"))


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    reason = save_kernel_symbols(tmp_path / "file" / "sym\nbols")
    assert reason is not None
    assert reason.endswith("--data.")
    assert "sym\\x0abols" in reason


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "CONFIG_KALLSYMS"),
        (b"0000000000000000 A x\n0000000000000000 T _stext\n", "root"),
        (b"0000000000000000 A x\nffffffff81000000 T _stext\n", None),
        (b"00000000 t x\n", "root"),
        (b"c0000000 t x\n", None),
        (b"0000000000000000 D x\n", None),
    ],
)
def test_addresses_are_hidden_where_those_of_code_are_zero(text: bytes, word: str | None) -> None:
    reason = hidden_symbols(text)
    assert (reason is None) == (word is None)
    assert word is None or word in str(reason)


def test_the_vdso_is_an_elf_image() -> None:
    assert vdso_image()[:4] == b"\x7fELF"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("b5ed4a6d-b084-4d29-a425-c7e772b05aba", True),
        ("", False),
        ("../../b5ed4a6d-b084-4d29-a425-c7e772b05", False),
        ("b5ed4a6d-b084-4d29-a425-c7e772b05aba\n", False),
    ],
)
def test_only_a_boot_id_may_be_part_of_a_name(text: str, *, good: bool) -> None:
    assert is_boot_id(text) == good
    assert is_boot_id(this_boot())
