"""The table of learnt addresses: which port a MAC was last seen at (IEEE 802.1Q, 8.8).

``table[3 * SLOTS]`` i64 has three words a slot: the address plus one, so that an empty slot is
zero, the port, and when the address was last seen, in seconds. An address stands in one of the few
slots from its hash on, so a look-up has a bound; where all of them are taken by others that still
send, it is not learnt.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["AGE_SECONDS", "SLOTS", "forget", "learn", "look_up"]

SLOTS: Final = 4096
AGE_SECONDS: Final = 300
"""How long an address that sends nothing is remembered (IEEE 802.1Q, table 8-6)."""

_PROBES: Final = 8


@njit(cache=True, nogil=True)
def _first_slot(mac: int) -> int:
    # Both products stay below 2^63: a wrapped one would differ between Python and machine code.
    low, high = mac & 0xFFFFFF, mac >> 24
    return int(((low * 0x9E3779B1) ^ (high * 0x85EBCA6B)) >> 16 & (SLOTS - 1))


@njit(cache=True, nogil=True)
def look_up(table: NDArray[np.int64], mac: int, now: int) -> int:
    """Return the port where an address was seen in the last AGE_SECONDS, or -1."""
    first = _first_slot(mac)
    for k in range(_PROBES):
        slot = (first + k) & (SLOTS - 1)
        if table[3 * slot] == mac + 1:
            return int(table[3 * slot + 1]) if now - table[3 * slot + 2] <= AGE_SECONDS else -1
    return -1


@njit(cache=True, nogil=True)
def learn(table: NDArray[np.int64], mac: int, port: int, now: int, may_add: int) -> int:
    """Note that an address was seen at a port; return whose slot the port gained.

    That is -1 where it gained none, -2 where the slot was empty, else the port that lost it (its
    address moved, or was too old). Without `may_add` a port gains nothing, and only renews.
    """
    first = _first_slot(mac)
    free = -1
    for k in range(_PROBES):
        slot = (first + k) & (SLOTS - 1)
        if table[3 * slot] == mac + 1:
            owner = table[3 * slot + 1]
            if owner == port or not may_add:
                if owner == port and table[3 * slot + 2] != now:
                    table[3 * slot + 2] = now
                return -1
            table[3 * slot + 1] = port
            table[3 * slot + 2] = now
            return int(owner)
        if free < 0 and (table[3 * slot] == 0 or now - table[3 * slot + 2] > AGE_SECONDS):
            free = slot
    if free < 0 or not may_add:
        return -1
    owner = table[3 * free + 1] if table[3 * free] != 0 else -2
    table[3 * free] = mac + 1
    table[3 * free + 1] = port
    table[3 * free + 2] = now
    return int(owner)


@njit(cache=True, nogil=True)
def forget(table: NDArray[np.int64], port: int) -> None:
    """Forget every address of a port."""
    for slot in range(SLOTS):
        if table[3 * slot] != 0 and table[3 * slot + 1] == port:
            table[3 * slot] = 0
