"""Disks that are missing, swapped or failing: the others serve, and the status says why."""

from pathlib import Path

import pytest

from riostat.core.errors import DiskError, StoreFullError
from riostat.store.store import Store
from tests.store.stores import BLOCK, break_disk, contents, eight_objects, get, new_store, put


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_one_lost_disk_loses_nothing(tmp_path: Path, lost: int) -> None:
    expected = eight_objects(tmp_path)
    (tmp_path / f"d{lost}").rename(tmp_path / "away")
    with Store.open(tmp_path / "root") as store:
        assert contents(store) == expected
        disk = store.status().disks[lost]
        assert disk.state == "missing"
        assert "cannot be opened (No such file or directory)" in disk.reason
        put(store, "new", b"n" * 2 * BLOCK)
        assert get(store, "new") == b"n" * 2 * BLOCK
        store.delete("bucket", "key5")
    (tmp_path / "away").rename(tmp_path / f"d{lost}")
    del expected["bucket", "key5"]
    expected["bucket", "new"] = b"n" * 2 * BLOCK
    with Store.open(tmp_path / "root") as store:
        assert contents(store) == expected
        used = sum(disk.used_bytes for disk in store.status().disks)
        assert used == store.scrub().blocks * BLOCK


def test_the_wrong_disk_is_not_taken_for_the_right_one(tmp_path: Path) -> None:
    expected = eight_objects(tmp_path)
    (tmp_path / "d0").rename(tmp_path / "x")
    (tmp_path / "d1").rename(tmp_path / "d0")
    with Store.open(tmp_path / "root") as store:
        disk = store.status().disks[0]
        assert disk.state == "foreign"
        assert "put the right one there" in disk.reason
    (tmp_path / "d0").rename(tmp_path / "d1")
    other = tmp_path / "other"
    other.mkdir()
    new_store(other).close()
    (other / "d0").rename(tmp_path / "d0")
    with Store.open(tmp_path / "root") as store:
        assert store.status().disks[0].state == "foreign"
        assert contents(store) == expected


def test_with_one_disk_left_nothing_is_written(tmp_path: Path) -> None:
    eight_objects(tmp_path)
    for lost in (0, 1):
        (tmp_path / f"d{lost}").rename(tmp_path / f"away{lost}")
    with Store.open(tmp_path / "root") as store:
        with pytest.raises(StoreFullError, match="Too few of the 1 disks"):
            put(store, "new", b"x" * BLOCK)
        assert [disk.state for disk in store.status().disks] == ["missing", "missing", "ready"]


def test_a_disk_that_fails_under_a_write_is_left_out(tmp_path: Path) -> None:
    expected = eight_objects(tmp_path)
    with Store.open(tmp_path / "root") as store:
        break_disk(store, 0)
        with pytest.raises(DiskError, match="cannot be"):
            put(store, "more", b"x" * 20 * BLOCK)
        assert store.status().disks[0].state == "failed"
        put(store, "after", b"a" * 3 * BLOCK)
        assert get(store, "after") == b"a" * 3 * BLOCK
        assert contents(store).items() >= expected.items()
