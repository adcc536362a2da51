"""Reflected CRCs of up to 64 bits, eight bytes a step.

The method is slicing-by-8: M. Kounavis and F. Berry, "A systematic approach to building high
performance software-based CRC generators" (ISCC 2005).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["update"]

_BYTE = np.uint64(0xFF)
_EIGHT = np.uint64(8)


@njit(cache=True, nogil=True)
def update(tables: NDArray[np.uint64], crc: np.uint64, data: NDArray[np.uint8]) -> np.uint64:
    """Return the register after `data` (u8[n]); `tables` u64[8, 256] are those of the polynomial.

    `tables[k, b]` is the register after the byte b and k zero bytes. The register is neither
    inverted before nor after.
    """
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        folded = np.uint64(0)
        for k in range(8):
            byte = np.uint64(data[at + k]) ^ (crc & _BYTE)
            crc >>= _EIGHT
            folded ^= tables[7 - k, byte]
        crc = folded
    for at in range(whole, len(data)):
        crc = tables[0, (crc ^ np.uint64(data[at])) & _BYTE] ^ (crc >> _EIGHT)
    return crc
