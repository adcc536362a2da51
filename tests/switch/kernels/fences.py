"""Loops for two processes that share memory: what fences promise, tried many times."""

from numba import njit

from riostat.switch.kernels.memory import (
    c_sched_yield,
    fence,
    load64,
    load64_acquire,
    store8,
    store64,
    store64_release,
)

__all__ = ["meet", "read_in_order", "write_in_order"]


@njit(cache=True, nogil=True)
def write_in_order(address: int, rounds: int) -> None:
    """Write each number to a place of its own, then release how many there are."""
    for k in range(rounds):
        while k - load64_acquire(address + 64) >= 64:
            c_sched_yield()
        store64(address + 128 + 8 * (k & 63), k)
        store64_release(address, k + 1)


@njit(cache=True, nogil=True)
def read_in_order(address: int, rounds: int) -> int:
    """Return how many numbers were not there although they had been released."""
    wrong, k = 0, 0
    while k < rounds:
        written = load64_acquire(address)
        if written == k:
            c_sched_yield()
        while k < written:
            wrong += int(load64(address + 128 + 8 * (k & 63)) != k)
            k += 1
        store64_release(address + 64, k)
    return wrong


@njit(cache=True, nogil=True)
def meet(side: int, address: int, rounds: int) -> int:
    """Store, fence, look at the other's word, as Dekker's algorithm does; note what was seen."""
    mine, theirs = address + 64 * side, address + 64 * (1 - side)
    for k in range(rounds):
        while load64_acquire(theirs + 128) < k:
            c_sched_yield()
        store64(mine, k + 1)
        fence()
        store8(address + 4096 + 2 * k + side, int(load64(theirs) >= k + 1))
        store64_release(mine + 128, k + 1)
    while load64_acquire(theirs + 128) < rounds:
        c_sched_yield()
    return 0
