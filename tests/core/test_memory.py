"""Fresh memory and what is read into it, whatever its size."""

import mmap
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.memory import fresh_memory, read_fresh

_SIZES = [0, 1, 4096, (1 << 18) - 1, 1 << 18, (2 << 20) + 1]


@pytest.mark.parametrize("size", _SIZES)
def test_fresh_memory_is_zero_and_can_be_written(size: int) -> None:
    memory = fresh_memory(size)
    assert (len(memory), memory.readonly, bytes(memory).strip(b"\0")) == (size, False, b"")
    memory[:] = b"x" * size


def test_much_of_it_lies_in_private_pages() -> None:
    memory = fresh_memory(1 << 20)
    assert isinstance(memory.obj, mmap.mmap)
    memory[0] = 1
    child = os.fork()
    if not child:
        memory[0] = 2
        os._exit(0)
    os.waitpid(child, 0)
    assert memory[0] == 1


@pytest.mark.parametrize("size", _SIZES)
def test_a_file_is_read_from_anywhere(size: int, tmp_path: Path) -> None:
    content = os.urandom(size)
    path = tmp_path / "file"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert read_fresh(descriptor, 1 << 30) == content
        assert read_fresh(descriptor, 5, 1) == content[1:6]
        assert bytes(read_fresh(descriptor, 5, size)) == b""
        assert bytes(read_fresh(descriptor, 5, size + 9)) == b""
        assert read_fresh(descriptor, size).readonly
    finally:
        os.close(descriptor)


def test_what_was_read_stays_when_the_file_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (1 << 20))
    descriptor = os.open(path, os.O_RDONLY)
    content = read_fresh(descriptor, 1 << 20)
    os.close(descriptor)
    os.truncate(path, 0)
    assert content == b"x" * (1 << 20)


_GROWING = """
import resource, sys
from riostat.core.memory import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for step in range(8):
    b"x" * ((1 << 20) + (step << 17))
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc learns so")
def test_what_was_freed_is_used_again() -> None:
    """Each piece is larger than the last, so that malloc would have the kernel make it anew."""
    kept, anew = (
        int(subprocess.check_output([sys.executable, "-c", _GROWING, argument]))
        for argument in ("keep", "leave")
    )
    assert kept < anew / 2
