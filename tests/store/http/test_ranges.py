"""The Range header, by the examples and the rules of RFC 9110, section 14."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.store.http.ranges import ByteRange, UnsatisfiableRangeError, requested_range


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        ("bytes=0-499", 10000, (0, 500)),
        ("bytes=500-999", 10000, (500, 1000)),
        ("bytes=-500", 10000, (9500, 10000)),
        ("bytes=9500-", 10000, (9500, 10000)),
        ("bytes=0-0", 10000, (0, 1)),
        ("bytes=-1", 10000, (9999, 10000)),
        ("Bytes=9000-99999", 10000, (9000, 10000)),
        ("bytes=-99999", 10000, (0, 10000)),
        ("bytes= 1-2 ", 10000, (1, 3)),
    ],
)
def test_single_ranges(header: str, size: int, expected: tuple[int, int]) -> None:
    assert requested_range(header, size) == ByteRange(*expected)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=1-2-3",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=0x1-2",
        "bytes=\u0661-2",
        "items=0-1",
        "bytes=0-1,3-4",
        "bytes=1 - 2",
        f"bytes={'9' * 30}-",
    ],
)
def test_what_is_ignored(header: str | None) -> None:
    assert requested_range(header, 10000) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_what_cannot_be_satisfied(header: str, size: int) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        requested_range(header, size)


def test_the_last_bytes_of_nothing_are_all_of_it() -> None:
    assert requested_range("bytes=-5", 0) is None


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), st.integers(0, 50))
def test_what_is_served_lies_within(header: str, size: int) -> None:
    try:
        found = requested_range(header, size)
    except UnsatisfiableRangeError:
        return
    assert found is None or 0 <= found.start < found.stop <= size
    if found is not None:
        first, last = found.content_range(size).removeprefix("bytes ").split("/")[0].split("-")
        assert int(last) - int(first) + 1 == found.stop - found.start
