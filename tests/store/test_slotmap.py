"""The map of used slots: nothing is given twice, nothing is lost."""

import sqlite3
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from riostat.store.layouts import Place
from riostat.store.metadata import DATABASE, Metadata
from riostat.store.slotmap import (
    add_disk,
    free_slots,
    mark_free,
    mark_used,
    pack_slots,
    take,
    unpack_slots,
)


def new_map(path: Path, slots: int) -> Metadata:
    Metadata.create(path / DATABASE, lambda new: add_disk(new, 0, slots))
    return Metadata(path / DATABASE)


@settings(max_examples=25)
@given(st.integers(1, 70_000), st.lists(st.integers(0, 40_000), max_size=8))
def test_slots_are_given_once_and_come_back(slots: int, wanted: list[int]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE slotmap (disk, chunk, free, used)")
    add_disk(connection, 0, slots)
    assert free_slots(connection) == {0: slots}
    given_out: list[int] = []
    for number in wanted:
        taken = take(connection, 0, number)
        assert len(taken) == min(number, slots - len(given_out))
        given_out += taken
        assert free_slots(connection) == {0: slots - len(given_out)}
    assert len(set(given_out)) == len(given_out)
    assert all(0 <= slot < slots for slot in given_out)
    back = given_out[::2]
    mark_free(connection, [Place(0, slot) for slot in back])
    mark_free(connection, [Place(0, slot) for slot in back])
    assert free_slots(connection) == {0: slots - len(given_out) + len(back)}
    mark_used(connection, [Place(0, slot) for slot in back])
    assert free_slots(connection) == {0: slots - len(given_out)}
    connection.close()


def test_the_lowest_slots_are_given_first(tmp_path: Path) -> None:
    metadata = new_map(tmp_path, 100)
    with metadata.transaction(durable=False) as connection:
        assert take(connection, 0, 10) == list(range(10))
        mark_free(connection, [Place(0, 3)])
        assert take(connection, 0, 2) == [3, 10]
        assert take(connection, 1, 2) == []
    metadata.close()


@given(st.lists(st.integers(0, (1 << 32) - 1)))
def test_slots_are_packed(slots: list[int]) -> None:
    assert unpack_slots(pack_slots(slots)) == slots
