import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.chunks import Batch, record_starts
from tests.profiler import recorded, streams

_SEARCHED_BYTES = 8 * 4096


def _batch(*chunks: bytes) -> Batch:
    payloads = (memoryview(recorded.frame([chunk])) for chunk in chunks)
    return Batch([(payload, time_ns) for time_ns, payload in enumerate(payloads)])


def _found(chunk: bytes) -> tuple[list[int], int]:
    """Where the records of a chunk begin, in words of its own, and 1 if it is cut."""
    batch = _batch(chunk)
    starts, cut = record_starts(batch)
    return [start - int(batch.chunks[0, 0]) for start in starts.tolist()], cut


def _walked(chunk: bytes) -> tuple[list[int], int]:
    """Where records begin, in words, and 1 if the chunk is cut: one record after another."""
    starts: list[int] = []
    at = 0
    while at + 8 <= len(chunk):
        (size,) = struct.unpack_from("<H", chunk, at + 6)
        if size < 8 or size % 8 or at + size > len(chunk) & ~7:
            return starts, 1
        starts.append(at // 8)
        at += size
    return starts, 0


@pytest.mark.parametrize(
    ("payload", "kept", "damaged"),
    [(b"", 0, 1), (bytes(7), 0, 1), (bytes(8), 0, 0), (bytes(21), 8, 1), (bytes(24), 16, 0)],
)
def test_a_payload_is_a_prefix_and_whole_words(payload: bytes, kept: int, damaged: int) -> None:
    batch = Batch([(memoryview(payload), 9)])
    assert (8 * len(batch.words), batch.damaged) == (kept, damaged)
    assert batch.chunks.tolist() == [[0, kept // 8, 9]]


@pytest.mark.parametrize("gap", [0, 8, 4])
def test_large_payloads_of_one_buffer_are_decoded_where_they_lie(gap: int) -> None:
    payloads = [recorded.frame([recorded.sample(5, ip=n)] * 100) for n in range(3)]
    buffer = bytes(gap).join(payloads)
    views = [
        memoryview(buffer)[n * (len(payloads[0]) + gap) :][: len(payloads[0])] for n in range(3)
    ]
    batch = Batch([(view, time_ns) for time_ns, view in enumerate(views)])
    starts, cut = record_starts(batch)
    assert batch.words[starts + 2].tolist() == [0] * 100 + [1] * 100 + [2] * 100
    assert batch.latest_of(starts).tolist() == [0] * 100 + [1] * 100 + [2] * 100
    assert (cut, batch.damaged) == (0, 0)
    assert np.shares_memory(batch.words, np.frombuffer(buffer, np.uint8)) == (gap != 4)


def test_large_payloads_of_several_buffers_are_put_together() -> None:
    payloads = [recorded.frame([recorded.sample(5, ip=n)] * 100) for n in range(2)]
    batch = Batch([(memoryview(payload), 9) for payload in payloads])
    starts, cut = record_starts(batch)
    assert batch.words[starts + 2].tolist() == [0] * 100 + [1] * 100
    assert cut == 0


def test_each_record_has_the_time_of_its_chunk() -> None:
    one = recorded.lost(1, 1)
    batch = _batch(one, b"", one + one, b"")
    starts, cut = record_starts(batch)
    assert (batch.latest_of(starts).tolist(), cut) == ([0, 2, 2], 0)
    assert batch.latest_of(starts[1:1]).tolist() == []


def test_no_chunks_have_no_records() -> None:
    starts, cut = record_starts(_batch())
    assert (starts.tolist(), cut) == ([], 0)


def _long(seed: int) -> bytes:
    """A chunk that is searched, not walked; some words in records look like headers of samples."""
    draw = random.Random(seed)
    parts: list[bytes] = []
    while sum(len(part) for part in parts) < _SEARCHED_BYTES:
        parts.append(streams.stream(draw, 40, begin_ns=0, end_ns=1_000))
        header = struct.pack("<IHH", 9, 2, 8 * draw.randrange(12))
        parts.append(recorded.mmap2(5, 1, 0x1000, 8, path=header * draw.randrange(1, 9)))
    return b"".join(parts)


@given(seed=st.integers(0, 1 << 32), sound=st.booleans(), short=st.booleans())
def test_records_are_found_as_they_are_walked(seed: int, *, sound: bool, short: bool) -> None:
    draw = random.Random(seed)
    chunk = streams.stream(draw, 20, begin_ns=0, end_ns=1_000) if short else _long(seed)
    if not sound:
        chunk = streams.mutated(draw, chunk)
    assert _found(chunk) == _walked(chunk)


@pytest.mark.parametrize(
    "sizes", [[0], [4], [12], [8, 0xFFF8], [0xFFF8] * 3, [8] * 9000, [72] * 900]
)
@pytest.mark.parametrize("kind", [9, 3])
def test_headers_alone_are_walked(sizes: list[int], kind: int) -> None:
    headers = (struct.pack("<IHH", kind, 0, size) for size in sizes)
    records = b"".join(
        header + bytes(max(0, min(size, 80) - 8 & ~7))
        for header, size in zip(headers, sizes, strict=True)
    )
    for filler in (0, _SEARCHED_BYTES):
        chunk = records + bytes(filler)
        assert _found(chunk) == _walked(chunk)
