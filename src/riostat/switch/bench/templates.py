"""Templates: the frames that the bench's device receives, in memory that all processes share."""

import mmap
import os
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riostat.switch.kernels import limits

__all__ = ["guest_mac", "make_templates", "map_templates", "template_count"]

_TEMPLATES_MAX: Final = 256
_SEED: Final = 2009
_DEVICE_MAC: Final = bytes.fromhex("020000000100")
_ETHERTYPE: Final = bytes.fromhex("88b5")  # IEEE 802, local experiments


def guest_mac(number: int) -> bytes:
    """Return the address of a guest."""
    return bytes((2, 0, 0, 0, 0, number + 1))


def template_count(guests: int) -> int:
    """Return how many templates there are: for each guest the same power of two of them."""
    each = 1
    while 2 * each * guests <= _TEMPLATES_MAX:
        each *= 2
    return each * guests


def make_templates(guests: int) -> int:
    """Return a descriptor of the templates for so many guests, addressed to them in turn.

    Their bytes are random, and the same each time.
    """
    count = template_count(guests)
    descriptor = os.memfd_create("riostat-templates", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, count * limits.TEMPLATE_BYTES)
    with mmap.mmap(descriptor, count * limits.TEMPLATE_BYTES) as memory:
        memory[:] = np.random.default_rng(_SEED).bytes(len(memory))
        for k in range(count):
            head = guest_mac(k % guests) + _DEVICE_MAC + _ETHERTYPE
            memory[k * limits.TEMPLATE_BYTES : k * limits.TEMPLATE_BYTES + len(head)] = head
    return descriptor


def map_templates(descriptor: int) -> NDArray[np.uint8]:
    """Return the templates of a descriptor as u8[n, TEMPLATE_BYTES]."""
    memory = mmap.mmap(descriptor, 0)
    return np.frombuffer(memory, np.uint8).reshape(-1, limits.TEMPLATE_BYTES)
