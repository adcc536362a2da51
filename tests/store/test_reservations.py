"""Reservations: distinct disks, weights, full disks, and everything given back."""

from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from riostat.core.errors import StoreFullError
from riostat.store.store import Store
from tests.store.stores import BLOCK, new_store, specification

VERSION = "ab" * 16


def used(store: Store) -> int:
    return sum(disk.used_bytes for disk in store.status().disks) // BLOCK


def test_copies_are_on_distinct_disks_and_slots_are_given_once(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        reservations = store._write_path.reservations
        places = reservations.reserve(VERSION, 0, 30)
        assert all(one.disk != two.disk for one, two in places)
        flat = [place for pair in places for place in pair]
        assert len(set(flat)) == 60
        assert used(store) == 60
        reservations.release(VERSION)
        assert used(store) == 0


def test_a_full_store_says_so_and_keeps_nothing(tmp_path: Path) -> None:
    with new_store(tmp_path, disks=2, slots=5) as store:
        reservations = store._write_path.reservations
        assert len(reservations.reserve(VERSION, 0, 6)) == 5
        with pytest.raises(StoreFullError, match="have a free slot"):
            reservations.reserve(VERSION, 5, 1)
        assert used(store) == 10
        reservations.release(VERSION)
        assert used(store) == 0


def test_a_part_can_be_given_back(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        reservations = store._write_path.reservations
        places = [*reservations.reserve(VERSION, 0, 4), *reservations.reserve(VERSION, 4, 6)]
        reservations.give_back(VERSION, chain.from_iterable(places[3:8]))
        assert used(store) == 10
        again = reservations.reserve(VERSION, 10, 5)
        assert {*chain.from_iterable(again)}.isdisjoint(chain.from_iterable(places[:3]))
        reservations.release(VERSION)
        assert used(store) == 0


def test_unequal_disks_fill_until_the_copies_find_no_two(tmp_path: Path) -> None:
    disks = [specification(tmp_path / f"d{n}", slots=n) for n in (4, 8, 20)]
    with Store.create(tmp_path / "root", disks, block_bytes=BLOCK, seed=3) as store:
        reservations = store._write_path.reservations
        for index in range(9):  # at best 12: the smaller two against the large one
            reservations.reserve(VERSION, index, 1)
        assert len(reservations.reserve(VERSION, 9, 4)) < 4
        with pytest.raises(StoreFullError):
            reservations.reserve(VERSION, 13, 1)


def test_faster_disks_get_more(tmp_path: Path) -> None:
    disks = [
        specification(tmp_path / f"d{n}", slots=2000, bandwidth_bps=b)
        for n, b in enumerate([10_000_000, 90_000_000, 40_000_000])
    ]
    with Store.create(tmp_path / "root", disks, block_bytes=BLOCK, seed=3, replication=0) as store:
        places = store._write_path.reservations.reserve(VERSION, 0, 1000)
        counts = Counter(place.disk for (place,) in places)
        assert counts[0] < counts[2] < counts[1]
