"""Layouts: places go in and come out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import StoreFormatError
from riostat.store.layouts import Layout, Place

PLACES = st.lists(st.builds(Place, st.integers(0, 1000), st.integers(0, (1 << 32) - 1)), max_size=2)


@given(st.lists(PLACES))
def test_round_trip(blocks: list[list[Place]]) -> None:
    layout = Layout()
    for places in blocks:
        layout.append(places)
    again = Layout(bytes(layout.encoded))
    assert len(again) == len(blocks)
    assert [list(again.places(n)) for n in range(len(blocks))] == blocks
    assert list(again.all_places()) == [place for places in blocks for place in places]


def test_what_is_no_layout_is_refused() -> None:
    with pytest.raises(StoreFormatError, match="13 bytes"):
        Layout(bytes(13))
