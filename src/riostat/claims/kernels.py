"""Two functions of known cost, for programs whose mix is known."""

from numba import njit

__all__ = ["first", "second"]


@njit(cache=True, nogil=True)
def first(loops: int) -> int:
    """Count in a way that no compiler can shorten."""
    value = 1
    for _ in range(loops):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
    return value


@njit(cache=True, nogil=True)
def second(loops: int) -> int:
    """Count in another way, so that it is another function."""
    value = 7
    for _ in range(loops):
        value = (value * 69069 + 1) & 0xFFFFFFFF
    return value
