"""Buffers: aligned, used again, never while somebody looks at them."""

import ctypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.store.buffers import BufferPool, aligned_buffer


def address(view: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(view))


@pytest.mark.parametrize(("length", "size"), [(0, 4096), (1, 4096), (4096, 4096), (4097, 8192)])
def test_pages_are_whole(length: int, size: int) -> None:
    buffer = aligned_buffer(length)
    assert len(buffer) == size
    assert address(buffer) % 4096 == 0
    assert not any(buffer)


def test_a_buffer_comes_back_when_its_last_view_goes() -> None:
    pool = BufferPool(8192, kept=2)
    buffer = pool.take()
    first = address(buffer)
    view = buffer[100:200].toreadonly()
    del buffer
    assert address(pool.take()) != first  # this one is free again at once
    del view
    taken = [pool.take(), pool.take()]
    assert first in {address(buffer) for buffer in taken}


@given(st.lists(st.booleans(), max_size=60))
def test_no_two_hold_the_same_buffer(takes: list[bool]) -> None:
    pool = BufferPool(4096, kept=3)
    held: list[tuple[memoryview, int]] = []
    for number, take in enumerate(takes):
        if take:
            buffer = pool.take()
            buffer[0] = number
            held.append((buffer[:1], number))
            del buffer
        elif held:
            held.pop(0)
    assert [view[0] for view, _ in held] == [number for _, number in held]
