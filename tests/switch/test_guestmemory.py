"""Windows have few granules, and a ring is mapped only where it lies wholly inside a region."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import GuestError
from riostat.core.kernelcache import import_kernels
from riostat.switch.guestmemory import GRANULES_MAX, GuestMemory, window_shift
from tests.switch.pools import PoolGuest


@pytest.fixture
def pool_guest(kernels_cache: Path) -> Iterator[PoolGuest]:
    guest = PoolGuest(kernels_cache)
    yield guest
    guest.close()


@pytest.fixture
def memory(pool_guest: PoolGuest, kernels_cache: Path) -> Iterator[GuestMemory]:
    grants = import_kernels("riostat.switch.kernels.grants", kernels_cache)
    memory = GuestMemory(
        [replace(pool_guest.region, descriptor=os.dup(pool_guest.descriptor))], grants
    )
    yield memory
    memory.close()


@given(st.integers(1, 1 << 46), st.sampled_from([1 << 12, 1 << 16, 1 << 21, 1 << 30]))
def test_a_window_has_a_bounded_number_of_granules_of_whole_pages(length: int, page: int) -> None:
    shift = window_shift(length, page)
    assert 1 << shift >= page
    assert length >> shift <= GRANULES_MAX
    assert 1 << shift == page or length >> (shift - 1) > GRANULES_MAX


def test_a_ring_is_mapped_where_its_guest_has_it(
    pool_guest: PoolGuest, memory: GuestMemory
) -> None:
    ring = pool_guest.ring(1)
    mapped = memory.map_ring(
        size=ring.size, descriptors=ring.descriptors, available=ring.available, used=ring.used
    )
    assert len(mapped.marks) == ring.size
    pool_guest.words(1, 1, "u2")[:2] = [0x1234, 0x5678]
    assert mapped.mappings[1][:4] == bytes.fromhex("34127856")
    mapped.close()


@pytest.mark.parametrize(
    "change",
    [
        {"size": 96},
        {"size": 0},
        {"size": 1 << 16},
        {"descriptors": 8},
        {"available": 1},
        {"used": 2},
        {"used": 1 << 30},
        {"descriptors": -(1 << 46)},
        {"available": 1 << 17, "size": 32768},
    ],
)
def test_a_ring_that_does_not_lie_right_is_refused(
    pool_guest: PoolGuest, memory: GuestMemory, change: dict[str, int]
) -> None:
    ring = pool_guest.ring(0)
    with pytest.raises(GuestError):
        memory.map_ring(
            size=change.get("size", ring.size),
            descriptors=ring.descriptors + change.get("descriptors", 0),
            available=ring.available + change.get("available", 0),
            used=ring.used + change.get("used", 0),
        )


@pytest.mark.parametrize(
    ("length", "offset"), [(1 << 30, 0), (4096, 512), (4097, 0), (4096, 1 << 40)]
)
def test_a_region_outside_its_file_is_refused(
    pool_guest: PoolGuest, kernels_cache: Path, length: int, offset: int
) -> None:
    grants = import_kernels("riostat.switch.kernels.grants", kernels_cache)
    descriptor = os.dup(pool_guest.descriptor)
    region = replace(pool_guest.region, descriptor=descriptor, length=length, offset=offset)
    with pytest.raises(GuestError):
        GuestMemory([region], grants)
    os.close(descriptor)
