import random
import struct
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.chunks import Batch
from riostat.profiler.records import SideRecord
from riostat.profiler.samples import Limits, SampleColumns, SampleDecoder, Samples
from riostat.profiler.samples import decode_plainly as decode
from tests.profiler import recorded, streams

_IDS = {recorded.EVENT_ID: 0, 42: 1}


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernels")


def _decode(
    kernels: Path, chunks: list[bytes], *, compiled_bytes: int = 1 << 20
) -> tuple[Samples, list[SideRecord], int]:
    decoder = SampleDecoder(
        earliest_ns=100,
        from_ns=1_000,
        to_ns=500_000,
        kernels=kernels,
        compiled_bytes=compiled_bytes,
    )
    decoder.know(_IDS)
    for chunk in chunks:
        decoder.add(memoryview(recorded.frame([chunk])), latest_ns=900_000)
    samples, sides = decoder.finish()
    return samples, sides, decoder.damaged


def test_a_sample_is_what_the_kernel_wrote(kernels: Path) -> None:
    data = recorded.sample(
        2_000,
        ip=(1 << 64) - 5,
        pid=(1 << 32) - 1,
        tid=77,
        cpu=3,
        weight=1 << 63,
        chain=(recorded.KERNEL, (1 << 64) - 4096, recorded.USER, 9),
        cgroup_id=1 << 50,
        mode=1,
        event_id=42,
    )
    samples, sides, damaged = _decode(kernels, [data])
    row = {field.name: getattr(samples.columns, field.name)[0] for field in fields(SampleColumns)}
    assert row == {
        "time_ns": 2_000,
        "ip": (1 << 64) - 5,
        "weight": 1 << 63,
        "cgroup": 1 << 50,
        "pid": (1 << 32) - 1,
        "tid": 77,
        "cpu": 3,
        "event": 1,
        "mode": 1,
    }
    assert samples.callchains.ips.tolist() == [(1 << 64) - 4096, 9]
    assert samples.callchains.modes.tolist() == [1, 2]
    assert (sides, damaged) == ([], 0)


def test_samples_come_by_time_with_their_callchains(kernels: Path) -> None:
    late = [recorded.sample(t, ip=t, chain=(t,)) for t in (3_000, 3_001)]
    early = [recorded.sample(t, ip=t, chain=(t,)) for t in (2_000, 3_000)]
    samples, _, _ = _decode(kernels, [b"".join(late), b"".join(early)])
    assert samples.columns.ip.tolist() == [2_000, 3_000, 3_000, 3_001]
    chains = samples.callchains
    assert chains.ips[chains.offsets[:-1]][chains.stacks].tolist() == samples.columns.ip.tolist()


@pytest.mark.parametrize("time_ns", [99, 900_001, 0, (1 << 64) - 1])
def test_times_outside_the_recording_are_damage(kernels: Path, time_ns: int) -> None:
    samples, _, damaged = _decode(kernels, [recorded.sample(time_ns)])
    assert (len(samples), damaged) == (0, 1)


@pytest.mark.parametrize(("time_ns", "kept"), [(999, 0), (1_000, 1), (499_999, 1), (500_000, 0)])
def test_times_outside_the_span_are_left_out(kernels: Path, time_ns: int, kept: int) -> None:
    samples, _, damaged = _decode(kernels, [recorded.sample(time_ns)])
    assert (len(samples), damaged) == (kept, 0)


def test_samples_of_an_unknown_event_are_damage(kernels: Path) -> None:
    samples, _, damaged = _decode(kernels, [recorded.sample(2_000, event_id=43)])
    assert (len(samples), damaged) == (0, 1)


@pytest.mark.parametrize("compiled_bytes", [1, 1 << 20])
@pytest.mark.parametrize("size", [8, 64, 80])
def test_a_sample_of_another_size_is_damage(kernels: Path, size: int, compiled_bytes: int) -> None:
    data = struct.pack("<IHH", 9, 2, size) + recorded.sample(2_000)[8:size].ljust(size - 8, b"\0")
    samples, _, damaged = _decode(kernels, [data], compiled_bytes=compiled_bytes)
    assert (len(samples), damaged) == (0, 1)


def test_side_records_come_by_time(kernels: Path) -> None:
    _, sides, _ = _decode(kernels, [recorded.lost(t, 1) for t in (300, 200, 400)])
    assert [side.time_ns for side in sides] == [200, 300, 400]


@pytest.mark.parametrize("payload", [b"", b"\0" * 7, b"\0" * 13])
def test_a_payload_that_is_no_chunk_is_damage(kernels: Path, payload: bytes) -> None:
    decoder = SampleDecoder(earliest_ns=0, from_ns=0, to_ns=9, kernels=kernels)
    decoder.add(memoryview(payload), latest_ns=9)
    samples, sides = decoder.finish()
    assert (len(samples), sides, decoder.damaged) == (0, [], 1)


def test_without_frames_there_are_no_samples(kernels: Path) -> None:
    samples, sides, damaged = _decode(kernels, [])
    assert (len(samples), sides, damaged) == (0, [], 0)
    assert samples.callchains.offsets.tolist() == [0]


def test_a_restart_drops_what_was_taken(kernels: Path) -> None:
    for compiled_bytes in (1 << 20, 1):
        decoder = SampleDecoder(
            earliest_ns=0, from_ns=0, to_ns=9_000, kernels=kernels, compiled_bytes=compiled_bytes
        )
        decoder.know(_IDS)
        for time_ns in (1, 2):
            records = [
                recorded.sample(time_ns),
                recorded.lost(time_ns, 1),
                recorded.record(0, b"", 1),
            ]
            decoder.add(memoryview(recorded.frame(records)), latest_ns=9_000)
            if time_ns == 1:
                decoder.restart()
        samples, sides = decoder.finish()
        assert samples.columns.time_ns.tolist() == [2]
        assert len(samples.callchains.stacks) == 1
        assert [side.time_ns for side in sides] == [2]
        assert decoder.damaged == 1


def _assert_same(kernels: Path, chunks: list[bytes], *, compiled_bytes: int) -> None:
    one, sides, damaged = _decode(kernels, chunks)
    other, other_sides, other_damaged = _decode(kernels, chunks, compiled_bytes=compiled_bytes)
    for field in fields(SampleColumns):
        column = getattr(one.columns, field.name)
        assert column.tolist() == getattr(other.columns, field.name).tolist()
    for name in ("stacks", "offsets", "ips", "modes"):
        column = getattr(one.callchains, name)
        assert column.tolist() == getattr(other.callchains, name).tolist()
    assert (sides, damaged) == (other_sides, other_damaged)


@given(chunks=streams.chunks())
def test_the_compiled_decoder_changes_nothing(kernels: Path, chunks: list[bytes]) -> None:
    _assert_same(kernels, chunks, compiled_bytes=1)


@pytest.mark.parametrize("compiled_bytes", [1, 200_000, 400_000])
def test_compiled_code_may_take_over_at_any_time(kernels: Path, compiled_bytes: int) -> None:
    draw = random.Random(compiled_bytes)
    chunks = [
        streams.stream(draw, count, begin_ns=0, end_ns=1_000_000)
        for count in (900, 20, 10, 1_500, 30, 1_000, 40, 1_200)
    ]
    _assert_same(kernels, chunks, compiled_bytes=compiled_bytes)


@given(seed=st.integers(0, 1 << 32), count=st.integers(0, 60))
def test_every_record_of_a_sound_chunk_is_kept_or_counted(seed: int, count: int) -> None:
    data = streams.stream(random.Random(seed), count, begin_ns=0, end_ns=1_000_000)
    batch = Batch([(memoryview(recorded.frame([data])), 900_000)])
    whole = decode(batch, Limits(1_000, 0, 1 << 63, _IDS))
    halves = [
        decode(batch, Limits(1_000, a, b, _IDS)) for a, b in ((0, 400_000), (400_000, 1 << 63))
    ]
    assert len(whole.columns) + len(whole.side_words) + whole.damaged == count
    assert sum(len(half.columns) for half in halves) == len(whole.columns)
    assert {half.damaged for half in halves} == {whole.damaged}
    assert np.all(np.diff(whole.columns.time_ns.astype(np.int64)) >= 0)
