"""Frames: what is written is read, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from riostat.core.frames import (
    HEADER_SIZE,
    FrameKind,
    FrameScanner,
    RawFrame,
    encode_header,
    padding,
)

PAYLOADS = st.lists(
    st.tuples(st.sampled_from(FrameKind), st.integers(0, 2**16 - 1), st.binary(max_size=100)),
    max_size=8,
)


def encoded(payloads: list[tuple[FrameKind, int, bytes]]) -> bytes:
    frames = []
    for sequence, (kind, channel, payload) in enumerate(payloads):
        header = encode_header(
            kind, (payload,), domain=channel, channel=channel, sequence=sequence, time_ns=sequence
        )
        frames.append(header + payload + padding(len(payload)))
    return b"".join(frames)


def scanned(data: bytes) -> tuple[list[RawFrame], FrameScanner]:
    scanner = FrameScanner()
    return list(scanner.scan(memoryview(data))), scanner


@given(PAYLOADS)
def test_what_is_written_is_read(payloads: list[tuple[FrameKind, int, bytes]]) -> None:
    data = encoded(payloads)
    frames, scanner = scanned(data)
    assert [(f.kind, f.channel, bytes(f.payload)) for f in frames] == payloads
    assert [f.sequence for f in frames] == [f.time_ns for f in frames] == list(range(len(payloads)))
    assert scanner.offset == len(data)
    assert len(data) % 8 == 0


@given(PAYLOADS, st.data())
def test_a_file_cut_short_reads_up_to_its_last_whole_frame(
    payloads: list[tuple[FrameKind, int, bytes]], data: st.DataObject
) -> None:
    whole = encoded(payloads)
    cut = data.draw(st.integers(0, len(whole)))
    frames, scanner = scanned(whole[:cut])
    everything, _ = scanned(whole)
    assert [bytes(f.payload) for f in frames] == [
        bytes(f.payload) for f in everything[: len(frames)]
    ]
    assert scanner.damage is None
    assert scanner.offset <= cut
    if len(frames) < len(everything):
        missing = len(everything[len(frames)].payload)
        assert cut < scanner.offset + HEADER_SIZE + missing + len(padding(missing))


@given(PAYLOADS.filter(bool), st.data())
def test_a_flipped_bit_ends_the_reading_before_its_frame(
    payloads: list[tuple[FrameKind, int, bytes]], data: st.DataObject
) -> None:
    whole = bytearray(encoded(payloads))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    frames, _ = scanned(bytes(whole))
    assert [(f.kind, f.channel, bytes(f.payload)) for f in frames] == payloads[: len(frames)]


@given(PAYLOADS, st.integers(0, 400))
def test_scanning_goes_on_where_it_stopped(
    payloads: list[tuple[FrameKind, int, bytes]], cut: int
) -> None:
    data = encoded(payloads)
    scanner = FrameScanner()
    first = list(scanner.scan(memoryview(data)[:cut]))
    rest = list(scanner.scan(memoryview(data)[scanner.offset :], base=scanner.offset))
    assert [bytes(f.payload) for f in first + rest] == [payload for _, _, payload in payloads]


@given(st.binary(max_size=300))
def test_foreign_bytes_give_no_frame(data: bytes) -> None:
    frames, scanner = scanned(data)
    assert frames == []
    assert (scanner.damage is not None) == (len(data) >= HEADER_SIZE)
