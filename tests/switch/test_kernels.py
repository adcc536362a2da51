"""Pure kernels against their Python twins; fences and atomics between processes."""

import mmap
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.kernelcache import import_kernels
from riostat.switch.guestmemory import address_of

_MACS = st.one_of(st.integers(0, 30), st.integers(0, (1 << 48) - 1))
_SIGHTINGS = st.lists(st.tuples(_MACS, st.integers(0, 3), st.integers(0, 400), st.integers(0, 1)))


@pytest.fixture(scope="module")
def table(kernels_cache: Path) -> Any:
    return import_kernels("riostat.switch.kernels.table", kernels_cache)


@given(sightings=_SIGHTINGS)
def test_the_compiled_table_learns_as_its_python_twin(
    table: Any, sightings: list[tuple[int, int, int, int]]
) -> None:
    compiled = np.zeros(3 * table.SLOTS, np.int64)
    twin = compiled.copy()
    now = 0
    for mac, port, later, may_add in sightings:
        now += later
        expected = table.learn.py_func(twin, mac, port, now, may_add)
        assert table.learn(compiled, mac, port, now, may_add) == expected
        for asked in (mac, mac ^ 1):
            found = table.look_up(compiled, asked, now)
            assert found == table.look_up.py_func(twin, asked, now)
        assert not may_add or table.look_up(compiled, mac, now) in {port, -1}
    assert (compiled == twin).all()


@given(macs=st.sets(st.integers(0, (1 << 48) - 1), max_size=300))
def test_what_is_learnt_is_found_until_it_is_too_old(table: Any, macs: set[int]) -> None:
    learnt = np.zeros(3 * table.SLOTS, np.int64)
    for mac in macs:
        table.learn(learnt, mac, mac % 7, 1000, 1)
    found = {mac for mac in macs if table.look_up(learnt, mac, 1000) == mac % 7}
    assert len(found) == np.count_nonzero(learnt[::3])
    assert len(found) >= 0.97 * len(macs)
    late = 1001 + table.AGE_SECONDS
    assert all(table.look_up(learnt, mac, late) == -1 for mac in macs)
    table.forget(learnt, 3)
    assert all(table.look_up(learnt, mac, 1000) == -1 for mac in macs if mac % 7 == 3)


_ECHO = """
import mmap, sys
from pathlib import Path
from riostat.core.kernelcache import import_kernels
from riostat.switch.guestmemory import address_of
kernels = import_kernels("tests.switch.kernels.fences", Path(sys.argv[1]))
memory = mmap.mmap(int(sys.argv[2]), 1 << 16)
print(kernels.read_in_order(address_of(memory), int(sys.argv[3])))
"""


def test_what_was_written_before_a_release_is_seen_after_the_acquire(
    kernels_cache: Path,
) -> None:
    kernels: Any = import_kernels("tests.switch.kernels.fences", kernels_cache)
    descriptor = os.memfd_create("fences", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, 1 << 16)
    rounds = 200_000
    reader = subprocess.Popen(
        [sys.executable, "-c", _ECHO, str(kernels_cache), str(descriptor), str(rounds)],
        pass_fds=[descriptor],
        stdout=subprocess.PIPE,
        text=True,
    )
    with mmap.mmap(descriptor, 1 << 16) as memory:
        kernels.write_in_order(address_of(memory), rounds)
        output, _ = reader.communicate()
    os.close(descriptor)
    assert int(output) == 0


def test_of_two_processes_that_fence_one_sees_the_other(kernels_cache: Path) -> None:
    kernels: Any = import_kernels("tests.switch.kernels.fences", kernels_cache)
    descriptor = os.memfd_create("fences", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, 1 << 16)
    rounds = 20_000
    program = _ECHO.replace("read_in_order(", "meet(1, ")
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(kernels_cache), str(descriptor), str(rounds)],
        pass_fds=[descriptor],
        stdout=subprocess.PIPE,
        text=True,
    )
    with mmap.mmap(descriptor, 1 << 16) as memory:
        kernels.meet(0, address_of(memory), rounds)
        other.communicate()
        seen = np.frombuffer(memory[4096 : 4096 + 2 * rounds], np.uint8).reshape(rounds, 2)
    os.close(descriptor)
    assert seen.any(axis=1).all(), "both sides missed each other's word"
