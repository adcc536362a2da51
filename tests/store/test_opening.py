"""Opening a store whose files are not as they were left."""

import os
import shutil
from pathlib import Path

import pytest

from riostat.core.errors import DiskError, StoreError
from riostat.store.configuration import CONFIGURATION
from riostat.store.opening import configuration_from_disks
from riostat.store.store import Store
from tests.store.stores import BLOCK, contents, eight_objects, new_store


def test_a_lost_configuration_is_read_from_the_disks(tmp_path: Path) -> None:
    expected = eight_objects(tmp_path)
    shutil.rmtree(tmp_path / "root")
    with pytest.raises(StoreError, match="There is no store in"):
        Store.open(tmp_path / "root")
    report = Store.rebuild(tmp_path / "root", [tmp_path / f"d{n}" for n in (2, 0, 1)])
    assert report.objects == 8
    with Store.open(tmp_path / "root") as store:
        assert contents(store) == expected
    with pytest.raises(StoreError, match="knows its disks"):
        Store.rebuild(tmp_path / "root", [tmp_path / "d0"])


def test_disks_of_two_stores_are_not_mixed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        new_store(tmp_path / name).close()
    with pytest.raises(DiskError, match="name the disks of one store"):
        configuration_from_disks(tmp_path / "x", [tmp_path / "one/d0", tmp_path / "two/d0"])
    assert not (tmp_path / "x" / CONFIGURATION).exists()


@pytest.mark.parametrize("length", [0, 100, 1 << 19, 1 << 20, (1 << 20) + 3 * BLOCK])
def test_a_file_of_slots_that_was_cut_short(tmp_path: Path, length: int) -> None:
    expected = eight_objects(tmp_path)
    os.truncate(tmp_path / "d1" / "riostore.slots", length)
    with Store.open(tmp_path / "root") as store:
        assert contents(store) == expected
        states = {disk.name: disk for disk in store.status().disks}
        assert states["d1"].reason
        assert states["d1"].state == ("ready" if length >= 1 << 19 else "foreign")
        report = store.scrub()
        assert report.lost == 0
        assert report.repaired == report.corrupt
    with Store.open(tmp_path / "root") as store:
        assert contents(store) == expected
        assert store.scrub().corrupt == 0


def test_a_disk_that_is_gone_for_good_is_left_out_and_its_blocks_are_copied_again(
    tmp_path: Path,
) -> None:
    expected = eight_objects(tmp_path)
    for name in ("root", "d1"):
        shutil.rmtree(tmp_path / name)
    Store.rebuild(tmp_path / "root", [tmp_path / "d0", tmp_path / "d2"])
    with Store.open(tmp_path / "root") as store:
        assert store.scrub().copied > 0
    for lost in ("d0", "d2"):
        (tmp_path / lost).rename(tmp_path / "away")
        with Store.open(tmp_path / "root") as store:
            assert contents(store) == expected
        (tmp_path / "away").rename(tmp_path / lost)
