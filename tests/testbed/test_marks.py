"""Marks of things: read back, unlike all that others name, and short enough for Linux."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.testbed.marks import (
    alias_of,
    interim_device_name,
    new_mark,
    owner_of,
    owner_of_interim,
)
from riostat.testbed.ownership import Owner

owners = st.builds(Owner, pid=st.integers(1, 4_194_304), start_ticks=st.integers(0, 36**8 - 1))


@given(owners)
def test_marks_say_whose_they_are(owner: Owner) -> None:
    assert owner_of(new_mark(owner)) == owner
    assert owner_of(alias_of(owner)) == owner
    assert owner_of_interim(interim_device_name(owner)) == owner
    assert len(interim_device_name(owner)) == 15


def test_no_two_marks_are_the_same() -> None:
    assert len({new_mark() for _ in range(100)}) == 100
    assert owner_of(new_mark()) == Owner.of(os.getpid())


@pytest.mark.parametrize(
    "name",
    [
        *("", "riostat", "riostat-", "riostat-1", "riostat-1-2", "riostat-1-2-", "riostat-1-2-3-4"),
        *("riostat-a-2-3", "riostat-0-2-3", "riostat-1-2-3\n", "xriostat-1-2-3", "Riostat-1-2-3"),
        *(
            "riostat-testbed-0",
            "riostat-31337-t0",
            "eth0",
            "r1-2",
            "r00001-2",
            "rx-y-z",
            "r00001-0000000A",
        ),
    ],
)
def test_what_is_not_ours_has_no_owner(name: str) -> None:
    assert owner_of(name) is None
    assert owner_of_interim(name) is None
