import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.records import (
    CgroupRecord,
    Comm,
    Fork,
    Ksymbol,
    Lost,
    Mmap2,
    Namespaces,
    SideRecord,
    Throttle,
    decode_side_records,
    walk,
)
from tests.profiler import recorded

_T = 5_000
_NAMES = ("net", "uts", "ipc", "pid", "user", "mnt", "cgroup")


def _decoded(*records: bytes) -> tuple[list[SideRecord], int]:
    data = b"".join(records)
    starts = [len(b"".join(records[:i])) for i in range(len(records))]
    return decode_side_records(data, starts, earliest_ns=1, latest_ns=[10_000] * len(starts))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            recorded.mmap2(_T, 7, 0x1000, 0x2000, offset=0x3000, path=b"/bin/\xffx"),
            Mmap2(_T, 7, 0x1000, 0x2000, 0x3000, b"/bin/\xffx", None, (8, 1, 99)),
        ),
        (
            recorded.mmap2(_T, 7, 0x1000, 0x2000, build_id=b"\x01" * 20),
            Mmap2(_T, 7, 0x1000, 0x2000, 0, b"/bin/x", b"\x01" * 20, None),
        ),
        (recorded.comm(_T, 7, b"name", tid=8, exec_=False), Comm(_T, 7, 8, b"name", exec=False)),
        (recorded.comm(_T, 7, b"a" * 15, exec_=True), Comm(_T, 7, 7, b"a" * 15, exec=True)),
        (recorded.fork(_T, 9, 7), Fork(_T, 9, 7, 9)),
        (
            recorded.namespaces(_T, 7, range(1, 8)),
            Namespaces(_T, 7, dict(zip(_NAMES, range(1, 8), strict=True))),
        ),
        (recorded.cgroup(_T, 1 << 40, b"/a/b"), CgroupRecord(_T, 1 << 40, b"/a/b")),
        (
            recorded.ksymbol(_T, 1 << 63, 80, b"bpf_prog"),
            Ksymbol(_T, 1 << 63, 80, b"bpf_prog", removed=False),
        ),
        (recorded.ksymbol(_T, 5, 80, b"p", removed=True), Ksymbol(_T, 5, 80, b"p", removed=True)),
        (recorded.lost(_T, 12), Lost(_T, 12)),
        (recorded.lost_samples(_T, 13), Lost(_T, 13)),
        (recorded.throttle(_T), Throttle(_T)),
    ],
)
def test_a_side_record_is_what_the_kernel_wrote(data: bytes, expected: SideRecord) -> None:
    assert _decoded(data) == ([expected], 0)


def test_records_that_say_nothing_of_a_profile_are_left_out() -> None:
    assert _decoded(recorded.exit_(_T, 3), recorded.record(14, b"", _T)) == ([], 0)


def test_records_come_by_time() -> None:
    records, damaged = _decoded(recorded.lost(9, 1), recorded.lost(3, 2), recorded.lost(9, 3))
    assert damaged == 0
    assert [(r.time_ns, r.count) for r in records if isinstance(r, Lost)] == [
        (3, 2),
        (9, 1),
        (9, 3),
    ]


@pytest.mark.parametrize(
    "data",
    [
        recorded.record(10, b"\1" * 64, _T),
        recorded.record(10, struct.pack("<IIQQQ", 1, 1, 0, 0, 0) + bytes(40), _T),
        recorded.mmap2(_T, 1, (1 << 64) - 8, 8),
        recorded.record(
            10, struct.pack("<IIQQQB", 1, 1, 0, 8, 0, 21) + bytes(63), _T, misc=1 << 14
        ),
        recorded.record(3, struct.pack("<II", 1, 1) + b"x" * 16, _T),
        recorded.record(7, b"", _T),
        recorded.record(16, struct.pack("<IIQ", 1, 1, 1 << 60), _T),
        recorded.record(16, struct.pack("<IIQ", 1, 1, 2) + bytes(16), _T),
        recorded.record(2, struct.pack("<QQ", 1, 1 << 63), _T),
        recorded.record(5, b"", _T),
        recorded.record(0, bytes(64), _T),
        recorded.record(9999, bytes(64), _T),
        struct.pack("<IHH", 3, 0, 8),
        recorded.comm(0, 1, b"before the recording", exec_=True),
        recorded.comm(10_001, 1, b"after it was written", exec_=True),
    ],
)
def test_what_is_not_as_it_must_be_is_damage(data: bytes) -> None:
    assert _decoded(data) == ([], 1)


@pytest.mark.parametrize(
    ("sizes", "starts", "whole"),
    [
        ([8, 16, 8], [0, 4, 12], True),
        ([8, 0], [0], False),
        ([8, 4], [0], False),
        ([8, 12, 8], [0], False),
        ([8, 16], [0, 4], True),
        ([8, 8000], [0], False),
        ([], [], True),
    ],
)
def test_a_chunk_is_walked_up_to_its_first_bad_size(
    sizes: list[int], starts: list[int], *, whole: bool
) -> None:
    data = b"".join(
        struct.pack("<IHH", 1, 0, size) + bytes(max(0, min(size, 64) - 8) & ~7) for size in sizes
    )
    halves = memoryview(data).cast("H")
    found: list[int] = []
    reached = walk(halves, 0, found, stop=len(halves), end=len(halves))
    assert reached == (len(halves) if whole else None)
    assert found == starts


def test_a_walk_may_stop_between() -> None:
    data = b"".join(struct.pack("<IHH", 1, 0, size) + bytes(size - 8) for size in (8, 24, 8))
    halves = memoryview(data).cast("H")
    for stop, reached, expected in ((4, 4, [0]), (5, 16, [0, 4]), (16, 16, [0, 4])):
        starts: list[int] = []
        assert walk(halves, 0, starts, stop=stop, end=len(halves)) == reached
        assert starts == expected


@given(st.lists(st.integers(0, 40), max_size=200).map(bytes))
def test_any_bytes_are_walked_and_decoded(data: bytes) -> None:
    data = data[: len(data) & ~7]
    halves = memoryview(data).cast("H")
    starts: list[int] = []
    walk(halves, 0, starts, stop=len(halves), end=len(halves))
    assert starts == sorted(set(starts))
    assert all(2 * start + halves[start + 3] <= len(data) for start in starts)
    records, damaged = decode_side_records(
        data, [2 * start for start in starts], earliest_ns=0, latest_ns=[1 << 63] * len(starts)
    )
    assert len(records) + damaged <= len(starts)
