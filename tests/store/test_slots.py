"""Slots' headers: what was written is read, and nothing hostile gets through."""

import random
from uuid import UUID

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import StoreFormatError
from riostat.store.slots import (
    SLOT_HEADER_BYTES,
    SLOTS_OFFSET,
    SlotHeader,
    SlotKind,
    decode_slot_header,
    encode_slot_header,
    payload_digest,
    slot_offset,
)

BLOCK = 1 << 20
HEADERS = st.builds(
    SlotHeader,
    kind=st.just(SlotKind.DATA),
    store=st.uuids(),
    disk=st.uuids(),
    version=st.uuids().map(lambda uuid: uuid.hex),
    index=st.integers(0, (1 << 64) - 1),
    generation=st.integers(0, (1 << 64) - 1),
    length=st.integers(0, BLOCK),
    digest=st.binary(min_size=32, max_size=32),
)


@given(HEADERS)
def test_round_trip(header: SlotHeader) -> None:
    encoded = encode_slot_header(header)
    assert len(encoded) == SLOT_HEADER_BYTES
    assert decode_slot_header(encoded, block_bytes=BLOCK) == header


def test_a_slot_never_written_has_no_header() -> None:
    assert decode_slot_header(bytes(SLOT_HEADER_BYTES), block_bytes=BLOCK) is None


def test_slots_lie_behind_one_another() -> None:
    assert slot_offset(0, BLOCK) == SLOTS_OFFSET
    assert slot_offset(2, BLOCK) - slot_offset(1, BLOCK) == SLOT_HEADER_BYTES + BLOCK


def header() -> SlotHeader:
    return SlotHeader(
        kind=SlotKind.MANIFEST,
        store=UUID(int=1),
        disk=UUID(int=2),
        version="ab" * 16,
        index=0,
        generation=3,
        length=5,
        digest=payload_digest(b"12345"),
    )


def decoded_or_refused(encoded: bytes) -> SlotHeader | None:
    try:
        return decode_slot_header(encoded, block_bytes=BLOCK)
    except StoreFormatError:
        return None


def test_no_changed_byte_is_believed() -> None:
    chance = random.Random(1)
    encoded = encode_slot_header(header())
    for _ in range(10_000):
        changed = bytearray(encoded)
        changed[chance.randrange(SLOT_HEADER_BYTES)] ^= chance.randrange(1, 256)
        with pytest.raises(StoreFormatError):
            decode_slot_header(bytes(changed), block_bytes=BLOCK)


def test_hostile_headers_with_a_right_checksum_are_refused_or_within_their_ranges() -> None:
    chance = random.Random(2)
    for _ in range(10_000):
        fields = bytearray(encode_slot_header(header())[:-32])
        for _ in range(chance.randrange(1, 5)):
            fields[chance.randrange(8, 112)] = chance.randrange(256)
        found = decoded_or_refused(bytes(fields) + blake3(fields).digest())
        assert found is None or (
            found.length <= BLOCK and (found.kind is SlotKind.DATA or found.index == 0)
        )
