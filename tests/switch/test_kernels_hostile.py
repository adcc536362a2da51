"""A guest that writes anything into its rings: the worker lives, and the others keep forwarding.

Between what is granted nothing is mapped: the pages of a pool that its guest did not name in a
region belong to nobody in the worker, so that a byte read or written outside would end it.
"""

import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from riostat.switch.orders import Detach, Disable, Enable
from riostat.switch.plane import Plane
from riostat.switch.ports import Fault, Policy
from tests.switch.pools import VERSION_1, PoolGuest, attach_to_plane, frame, new_plane

_INDIRECT = 1 << 28
_MERGEABLE = 1 << 15
_SIZE = 16
_HOSTILE = 2
_EDGES = (0, 1, 2, 15, 16, 17, 255, 4095, 4096, 0x7FFF, 0x8000, 0xFFFF, 0xFFFFFFFF, -1, 1 << 62)


@dataclass
class _Scene:
    plane: Plane
    guests: list[PoolGuest]
    random: random.Random
    policy: Policy
    faults: set[Fault]


def _attach(scene: _Scene) -> None:
    guest = scene.guests[_HOSTILE]
    guest.kernels.prepare(guest.queue)
    features = VERSION_1 | _INDIRECT | _MERGEABLE
    attach_to_plane(scene.plane, _HOSTILE, guest, policy=scene.policy, features=features)


def _descriptor(scene: _Scene) -> np.ndarray:
    """A descriptor that is nearly right, or not at all."""
    choice, guest = scene.random, scene.guests[_HOSTILE]
    region = guest.region
    inside = region.guest_address + choice.randrange(region.length)
    end = region.guest_address + region.length - choice.choice(_EDGES[:9])
    address = choice.choice(
        (inside, inside & -16, end, choice.choice(_EDGES), choice.getrandbits(64))
    )
    length = choice.choice(
        (choice.choice(_EDGES), choice.randrange(1, 3000), 16 * choice.randrange(40))
    )
    flags = choice.choice((0, 1, 2, 3, 4, 5, 6, 7, choice.getrandbits(16)))
    following = choice.choice(
        (choice.randrange(_SIZE), choice.choice(_EDGES), choice.getrandbits(16))
    )
    word = (length & 0xFFFFFFFF) | (flags & 0xFFFF) << 32 | (following & 0xFFFF) << 48
    return np.array([address & (1 << 64) - 1, word], np.uint64)


def _mutate(scene: _Scene) -> None:
    """Change one thing that a guest can change."""
    choice, guest = scene.random, scene.guests[_HOSTILE]
    index = choice.randrange(2)
    match choice.randrange(8):
        case 0 | 1 | 2:
            k = choice.randrange(_SIZE)
            guest.words(index, 0, "u8")[2 * k : 2 * k + 2] = _descriptor(scene)
        case 3:
            value = choice.choice((choice.randrange(_SIZE), choice.choice(_EDGES))) & 0xFFFF
            guest.words(index, 1, "u2")[2 + choice.randrange(_SIZE)] = value
        case 4:
            words = guest.words(index, 1, "u2")
            words[1] = (int(words[1]) + choice.choice((1, 2, _SIZE, _SIZE + 1, -1))) & 0xFFFF
        case 5:
            guest.words(index, 1, "u2")[choice.randrange(2)] = choice.getrandbits(16)
        case 6:  # a table for indirect descriptors, somewhere in the buffers
            place = guest.length // 2 + 16 * choice.randrange(64)
            guest.bytes[place : place + 16] = _descriptor(scene).view(np.uint8)
        case _:
            guest.words(index, 2, "u2")[1] = choice.getrandbits(16)


def _exchange(scene: _Scene, turn: int) -> None:
    """The honest guests exchange a frame each while the other is at it."""
    one, other, _ = scene.guests
    sent = [frame(2, 1, turn.to_bytes(4, "big")), frame(1, 2, turn.to_bytes(4, "big"))]
    assert one.send(sent[:1]) == other.send(sent[1:]) == 1
    one.send([frame(9, 1)])  # a flood reaches the hostile guest as well
    scene.plane.serve(0)
    assert sent[0] in other.receive()
    assert sent[1] in one.receive()


def _run(cache: Path, policy: Policy, seed: int, mutations: int) -> set[Fault]:
    guests = [PoolGuest(cache, size=_SIZE) for _ in range(3)]
    scene = _Scene(new_plane(cache), guests, random.Random(seed), policy, set())
    for slot in (0, 1):
        attach_to_plane(scene.plane, slot, guests[slot])
    _attach(scene)
    for turn in range(mutations // 4):
        for _ in range(4):
            _mutate(scene)
        _exchange(scene, turn)
        fault = scene.plane.board.fault(_HOSTILE)
        if fault is not Fault.NONE:
            scene.faults.add(fault)
            scene.plane.carry_out(Detach(_HOSTILE), [])
            _attach(scene)
    for slot, guest in enumerate(guests):
        scene.plane.carry_out(Detach(slot), [])
        guest.close()
    scene.plane.board.close()
    return scene.faults


_GUEST_FAULTS = {
    Fault.INDEX_JUMP,
    Fault.HEAD_BOUNDS,
    Fault.NEXT_BOUNDS,
    Fault.CHAIN_LOOP,
    Fault.ADDRESS,
    Fault.DIRECTION,
    Fault.INDIRECT,
    Fault.DUPLICATE,
    Fault.SHORT_BUFFER,
}


@pytest.mark.parametrize("policy", Policy)
def test_mutated_rings_cost_nobody_else_anything(kernels_cache: Path, policy: Policy) -> None:
    mutations = 40_000 if policy is Policy.REUSE else 20_000
    faults = _run(kernels_cache, policy, seed=2009, mutations=mutations)
    assert faults >= _GUEST_FAULTS - {Fault.DUPLICATE}, faults
    assert faults <= _GUEST_FAULTS | {Fault.GRANT}


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("policy", Policy)
def test_a_million_mutated_rings(kernels_cache: Path, policy: Policy) -> None:
    seed = random.SystemRandom().getrandbits(32)
    sys.stderr.write(f"seed {seed}\n")
    assert _run(kernels_cache, policy, seed=seed, mutations=1_000_000) >= {Fault.INDEX_JUMP}


def test_a_byte_outside_a_region_is_not_mapped(kernels_cache: Path) -> None:
    """The window of a region ends where the region does, and reserved pages hold nothing."""
    guest = PoolGuest(kernels_cache, size=_SIZE)
    plane = new_plane(kernels_cache)
    attach_to_plane(plane, 0, guest)
    inode = str(os.fstat(guest.descriptor).st_ino)
    before = _mapped_bytes(inode)
    plane.carry_out(Disable(0, 0), [])
    plane.carry_out(Disable(0, 1), [])
    rings = before - _mapped_bytes(inode)
    assert 0 < rings <= 6 * 4096  # of a ring only the pages that hold it
    ring = guest.ring(1)
    addresses = (ring.descriptors, ring.available, ring.used)
    plane.carry_out(Enable(0, 1, ring.size, *addresses, 0, has_kick=False, has_call=False), [])
    guest.send([frame(2, 1)])
    plane.serve(0)
    granted = _mapped_bytes(inode) - (before - rings)
    assert granted == 3 * 4096 + 4096  # the ring's three parts, and one buffer
    plane.carry_out(Detach(0), [])
    guest.close()


def _mapped_bytes(inode: str) -> int:
    total = 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split()
        if fields[4] == inode:
            begin, end = (int(part, 16) for part in fields[0].split("-"))
            total += end - begin
    return total
