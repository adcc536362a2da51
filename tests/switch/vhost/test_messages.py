"""The wire format of vhost-user, both ways."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import GuestError
from riostat.switch.vhost.messages import (
    HEADER_BYTES,
    PAYLOAD_BYTES_MAX,
    MemoryRegion,
    Request,
    VringAddress,
    decode_header,
    decode_memory_table,
    decode_u64,
    decode_vring_address,
    decode_vring_file,
    decode_vring_state,
    encode_memory_table,
    encode_reply,
    encode_request,
    encode_u64,
    encode_vring_address,
    encode_vring_file,
    encode_vring_state,
)

u64 = st.integers(0, 2**64 - 1)
u32 = st.integers(0, 2**32 - 1)


@given(st.sampled_from(Request), st.binary(max_size=PAYLOAD_BYTES_MAX), st.booleans())
def test_a_request_is_read_as_it_was_written(
    request: Request,
    payload: bytes,
    need_reply: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    data = encode_request(request, payload, need_reply=need_reply)
    assert decode_header(data[:HEADER_BYTES]) == (request, need_reply, len(payload))
    assert data[HEADER_BYTES:] == payload


def test_layouts_are_those_of_the_protocol() -> None:
    assert encode_request(Request.SET_OWNER) == struct.pack("<III", 3, 1, 0)
    assert encode_reply(Request.GET_FEATURES, encode_u64(5)) == struct.pack("<IIIQ", 1, 5, 8, 5)
    assert encode_vring_file(3, has_descriptor=False) == struct.pack("<Q", 0x103)
    assert encode_vring_address(VringAddress(1, 0, 16, 32, 48)) == struct.pack(
        "<IIQQQQ", 1, 0, 16, 32, 48, 0
    )
    assert encode_memory_table([MemoryRegion(1, 2, 3, 4)]) == struct.pack(
        "<IIQQQQ", 1, 0, 1, 2, 3, 4
    )


@given(st.lists(st.tuples(u64, u64, u64, u64), min_size=1, max_size=8), u64, u32, u32)
def test_payloads_are_read_as_they_were_written(
    regions: list[tuple[int, int, int, int]], value: int, index: int, number: int
) -> None:
    table = tuple(map(MemoryRegion._make, regions))
    assert decode_memory_table(encode_memory_table(table)) == table
    assert decode_u64(encode_u64(value)) == value
    assert decode_vring_state(encode_vring_state(index, number)) == (index, number)
    address = VringAddress(index, number, value, value, value)
    assert decode_vring_address(encode_vring_address(address)) == address
    for has_descriptor in (True, False):
        file = encode_vring_file(index & 0xFF, has_descriptor=has_descriptor)
        assert decode_vring_file(file) == (index & 0xFF, has_descriptor)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ((1, 2, 0), "has the flags 0x2"),
        ((1, 5, 0), "has the flags 0x5"),
        ((1, 0x11, 0), "has the flags 0x11"),
        ((24, 1, 0), "request 24 was not offered"),
        ((5, 1, PAYLOAD_BYTES_MAX + 1), "SET_MEM_TABLE announces 265 bytes"),
        ((5, 1, 0xFFFFFFFF), "announces 4294967295 bytes"),
    ],
)
def test_a_wrong_header_is_one_sentence(header: tuple[int, int, int], message: str) -> None:
    with pytest.raises(GuestError, match=message):
        decode_header(struct.pack("<III", *header))


@pytest.mark.parametrize("count", [0, 9, 0xFFFFFFFF])
def test_a_memory_table_has_one_to_eight_regions(count: int) -> None:
    with pytest.raises(GuestError, match=f"has {count} regions"):
        decode_memory_table(struct.pack("<II", count, 0))


@given(st.binary(max_size=PAYLOAD_BYTES_MAX))
def test_any_payload_is_read_or_refused(payload: bytes) -> None:
    for decode in (
        decode_u64,
        decode_vring_state,
        decode_vring_file,
        decode_vring_address,
        decode_memory_table,
    ):
        try:
            decode(payload)
        except GuestError as error:
            assert str(error).endswith(".")  # noqa: PT017 - most payloads are refused, some not
