"""Superblocks: what was written is read, the newest whole one counts, nothing else is believed."""

import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import StoreFormatError
from riostat.store.superblock import (
    SUPERBLOCK_BYTES,
    Superblock,
    decode_superblock,
    encode_superblock,
    newest_superblock,
)

U64 = st.integers(0, (1 << 64) - 1)
SUPERBLOCKS = st.builds(
    Superblock,
    store=st.uuids(),
    disk=st.uuids(),
    name=st.text(st.characters(codec="utf-8"), max_size=50),
    epoch=U64,
    created_ns=U64,
    block_bytes=st.integers(16, 2048).map(lambda pages: pages * 4096),
    slots=st.integers(1, 1 << 32),
    seed=U64,
    replication=st.floats(0, 1),
    bandwidth_bps=st.integers(1, 1 << 60),
    paced=st.booleans(),
    seek_ns=U64,
)


def superblock(epoch: int) -> Superblock:
    return Superblock(
        store=UUID(int=1),
        disk=UUID(int=2),
        name="d",
        epoch=epoch,
        created_ns=3,
        block_bytes=1 << 20,
        slots=4,
        seed=5,
        replication=1.0,
        bandwidth_bps=6,
        paced=False,
        seek_ns=0,
    )


@given(SUPERBLOCKS)
def test_round_trip(written: Superblock) -> None:
    encoded = encode_superblock(written)
    assert len(encoded) == SUPERBLOCK_BYTES
    assert decode_superblock(encoded) == written


def test_the_newest_whole_copy_counts() -> None:
    old, new = encode_superblock(superblock(1)), encode_superblock(superblock(2))
    assert newest_superblock([old, new]) == (superblock(2), (0,))
    assert newest_superblock([new, new]) == (superblock(2), ())
    assert newest_superblock([old, new[:-1] + b"x"]) == (superblock(1), (1,))
    with pytest.raises(StoreFormatError, match="it begins with 00"):
        newest_superblock([bytes(SUPERBLOCK_BYTES)] * 2)


def test_no_changed_byte_is_believed() -> None:
    chance = random.Random(1)
    encoded = encode_superblock(superblock(1))
    for _ in range(10_000):
        changed = bytearray(encoded)
        changed[chance.randrange(SUPERBLOCK_BYTES)] ^= chance.randrange(1, 256)
        with pytest.raises(StoreFormatError):
            decode_superblock(bytes(changed))
    for length in (0, 1, 4095):
        with pytest.raises(StoreFormatError):
            decode_superblock(encoded[:length])
