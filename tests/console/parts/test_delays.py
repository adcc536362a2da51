"""The picture of delays: everything counted is inside it and to be seen."""

from hypothesis import given
from hypothesis import strategies as st

from riostat.console.parts.delays import delay_picture

delays = st.integers(0, 1 << 40)
counts = st.integers(0, 1 << 60)
buckets = st.lists(
    st.tuples(delays, st.integers(1, 1 << 40), counts).map(lambda b: (b[0], b[0] + b[1], b[2])),
    max_size=30,
)


@given(buckets, st.integers(0, 1 << 36))
def test_bars_stand_inside_and_are_seen(found: list[tuple[int, int, int]], bound_ns: int) -> None:
    picture = delay_picture(found, bound_ns)
    counted = [bucket for bucket in found if bucket[2]]
    if not counted:
        assert picture is None
        return
    assert picture is not None
    assert len(picture.bars) == len(counted)
    for bar in picture.bars:
        assert 0 <= bar.x <= picture.width
        assert bar.width >= 1
        assert 0 <= bar.y < picture.height
        assert bar.height > 0
    assert all(0 <= tick.at <= picture.width for tick in picture.ticks)
    assert all(0 <= level.at < picture.height for level in picture.levels)
    assert (picture.bound is None) == (bound_ns == 0)


def test_longer_is_further_right_and_more_is_higher() -> None:
    picture = delay_picture([(10**6, 2 * 10**6, 1000), (10**8, 2 * 10**8, 1)], 10**7)
    assert picture is not None
    first, second = picture.bars
    assert first.x < second.x
    assert first.height > second.height
    assert (first.late, second.late) == (False, True)
    assert [tick.label for tick in picture.ticks] == ["1 ms", "10 ms", "100 ms", "1 s"]
    assert [level.label for level in picture.levels] == ["1", "10", "100", "1\u2009000"]
    assert picture.bound_label == "10 ms"
