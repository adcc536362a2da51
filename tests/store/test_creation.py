"""Making a store: everything or nothing."""

from pathlib import Path

import pytest

from riostat.core.errors import DiskError, StoreError, StoreFullError
from riostat.store import creation
from riostat.store.configuration import CONFIGURATION, read_configuration
from riostat.store.creation import create_store
from riostat.store.disks import SLOTS_FILE
from riostat.store.specification import DiskSpecification
from tests.store.stores import BLOCK, new_store, specification


def create(tmp_path: Path, *disks: DiskSpecification, replication: float = 1.0) -> None:
    create_store(tmp_path / "root", disks, block_bytes=BLOCK, replication=replication, seed=None)


def test_disks_are_as_they_were_said_to_be(tmp_path: Path) -> None:
    create(
        tmp_path,
        specification(tmp_path / "x" / "same", slots=3, bandwidth_bps=5),
        specification(tmp_path / "y" / "same", slots=4),
        specification(tmp_path / "odd name,", slots=5),
    )
    disks = read_configuration(tmp_path / "root").disks
    assert [disk.slots for disk in disks] == [3, 4, 5]
    assert [disk.name for disk in disks] == ["same-0", "same-1", "odd-name-"]
    assert disks[0].bandwidth_bps == 5
    assert (tmp_path / "x" / "same" / SLOTS_FILE).stat().st_size >= 3 * BLOCK


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    good, other = specification(tmp_path / "good"), specification(tmp_path / "other")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / SLOTS_FILE).touch()
    with pytest.raises(DiskError, match="is a disk of a store already"):
        create(tmp_path, good, other)
    assert not (tmp_path / "good" / SLOTS_FILE).exists()
    assert not (tmp_path / "root" / CONFIGURATION).exists()
    (tmp_path / "other" / SLOTS_FILE).unlink()
    create(tmp_path, good, other)
    with pytest.raises(StoreError, match="There is a store in"):
        create(tmp_path, specification(tmp_path / "third"), replication=0)


def test_wrong_numbers_are_refused(tmp_path: Path) -> None:
    one, two = specification(tmp_path / "one"), specification(tmp_path / "two")
    with pytest.raises(StoreError, match="One disk has no room for second copies"):
        create(tmp_path, one)
    with pytest.raises(DiskError, match="named twice"):
        create(tmp_path, one, one)
    with pytest.raises(StoreError, match="1 to 256 disks"):
        create(tmp_path)
    with pytest.raises(StoreError, match="no share of the blocks"):
        create(tmp_path, one, two, replication=1.5)
    with pytest.raises(StoreFullError, match="no room for a block"):
        create(tmp_path, one, DiskSpecification(tmp_path / "two", capacity_bytes=1 << 20))
    with pytest.raises(StoreError, match="multiple of 4096"):
        create_store(tmp_path / "root", [one, two], block_bytes=70_000, replication=1, seed=1)
    assert list(tmp_path.iterdir()) == []


def test_without_a_capacity_disks_share_half_of_what_is_free(tmp_path: Path) -> None:
    """Checked without setting the space aside: the whole would be a large file."""
    disks = [DiskSpecification(tmp_path / name) for name in ("a", "b")]
    one = creation._default_capacity(disks[0], disks[:1])
    half = creation._default_capacity(disks[0], disks)
    assert 0 < half < one


def test_only_the_owner_can_read_a_store(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir(mode=0o755)
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        files = [path for name in ("root", "d0") for path in (tmp_path / name).rglob("*")]
        assert {path.name for path in files} >= {"metadata.sqlite-wal", "store.json", SLOTS_FILE}
        for path in (tmp_path / "root", tmp_path / "d0", *files):
            assert path.stat().st_mode & 0o077 == 0, path
