"""Metadata made anew: what is on the disks is there again, what was deleted is not."""

import os
import random
from pathlib import Path

import pytest

from riostat.core.errors import StoreError
from riostat.store.disks import SLOTS_FILE
from riostat.store.metadata import DATABASE
from riostat.store.rebuild import set_aside
from riostat.store.sessions import held_lock
from riostat.store.store import Store
from tests.store.stores import BLOCK, SLOT, contents, damage, new_store, put


class _Clock:
    def monotonic_ns(self) -> int:
        return 1

    def realtime_ns(self) -> int:
        return 1


def lived_in(tmp_path: Path) -> dict[tuple[str, str], bytes]:
    with new_store(tmp_path) as store:
        for bucket in ("bucket", "other", "gone"):
            store.create_bucket(bucket)
        store.delete_bucket("gone")
        for number in range(6):
            put(store, f"key{number % 4}", bytes([number]) * (number * BLOCK // 2))
        put(store, "same", b"elsewhere", bucket="other")
        store.delete("bucket", "key1")
        with store.put("bucket", "never") as upload:
            upload.write(bytes(2 * BLOCK))
        return contents(store)


def reopened(tmp_path: Path) -> dict[tuple[str, str], bytes]:
    with Store.open(tmp_path / "root") as store:
        assert store.rebuilt is not None
        found = contents(store)
        assert store.scrub().lost == 0
    return found


def test_everything_is_there_again(tmp_path: Path) -> None:
    expected = lived_in(tmp_path)
    (tmp_path / "root" / DATABASE).unlink()
    assert reopened(tmp_path) == expected
    with Store.open(tmp_path / "root") as store:
        put(store, "key1", b"back")  # and it goes on
        assert store.rebuilt is None
    report = Store.rebuild(tmp_path / "root")
    assert (report.objects, report.buckets, report.damaged) == (len(expected) - 2 + 1, 2, 0)


@pytest.mark.parametrize("content", [b"", b"garbage" * 5000])
def test_a_damaged_database_is_kept_and_made_anew(tmp_path: Path, content: bytes) -> None:
    expected = lived_in(tmp_path)
    (tmp_path / "root" / DATABASE).write_bytes(content)
    assert reopened(tmp_path) == expected
    (kept,) = (tmp_path / "root").glob(f"{DATABASE}.aside-*")
    assert kept.read_bytes() == content or not content


def test_the_database_is_set_aside_before_its_log(tmp_path: Path) -> None:
    for suffix in ("", "-wal"):
        (tmp_path / f"{DATABASE}{suffix}").write_text(suffix)
    set_aside(tmp_path, _Clock())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{DATABASE}.aside-1",
        f"{DATABASE}.aside-1-wal",
    ]


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_without_one_disk_nothing_is_missing_and_nothing_comes_back(
    tmp_path: Path, missing: int
) -> None:
    expected = lived_in(tmp_path)
    (tmp_path / "root" / DATABASE).unlink()
    (tmp_path / f"d{missing}").rename(tmp_path / "away")
    with Store.open(tmp_path / "root") as store:
        assert store.rebuilt is not None
        assert store.rebuilt.missing_disks == (f"d{missing}",)
        assert contents(store) == expected
        store.delete("bucket", "key2")
        put(store, "key3", b"newer")
        del expected["bucket", "key2"]
        expected["bucket", "key3"] = b"newer"
    with Store.open(tmp_path / "root") as store:
        assert contents(store) == expected
    (tmp_path / "away").rename(tmp_path / f"d{missing}")
    assert reopened(tmp_path) == expected
    with Store.open(tmp_path / "root") as store:
        slots = sum(disk.used_bytes for disk in store.status().disks) // BLOCK
        assert slots == store.scrub().blocks
        assert store.rebuilt is None


def test_what_is_deleted_while_a_disk_is_away_stays_deleted(tmp_path: Path) -> None:
    expected = lived_in(tmp_path)
    for missing in range(3):
        (tmp_path / f"d{missing}").rename(tmp_path / "away")
        with Store.open(tmp_path / "root") as store:
            key = f"key{(0, 2, 3)[missing]}"
            store.delete("bucket", key)
            put(store, "same", bytes([missing]), bucket="other")
            del expected["bucket", key]
            expected["other", "same"] = bytes([missing])
        (tmp_path / "away").rename(tmp_path / f"d{missing}")
        (tmp_path / "root" / DATABASE).unlink()
        assert reopened(tmp_path) == expected


def test_nobody_may_have_the_store_open(tmp_path: Path) -> None:
    lived_in(tmp_path)
    with (
        held_lock(tmp_path / "root" / "store.lock", shared=True),
        pytest.raises(StoreError, match="end that process first"),
    ):
        Store.rebuild(tmp_path / "root")


def test_hostile_slots_are_counted_and_the_rest_is_there(tmp_path: Path) -> None:
    expected = lived_in(tmp_path)
    chance = random.Random(8)
    with (tmp_path / "d0" / SLOTS_FILE).open("r+b") as file:
        length = os.fstat(file.fileno()).st_size
        for _ in range(2000):
            slot = chance.randrange((length - (1 << 20)) // SLOT)
            file.seek((1 << 20) + slot * SLOT + chance.randrange(200))
            file.write(chance.randbytes(chance.randrange(1, 8)))
    (tmp_path / "root" / DATABASE).unlink()
    with Store.open(tmp_path / "root") as store:
        assert store.rebuilt is not None
        assert store.rebuilt.damaged > 0
        assert contents(store) == expected
        report = store.scrub()
        assert report.copied > 0
        assert report.lost == 0
        again = store.scrub()
        assert (again.copied, again.corrupt) == (0, 0)
        assert again.blocks == report.blocks + report.copied
    # Every block has two copies again: any disk may go.
    for lost in range(3):
        (tmp_path / f"d{lost}").rename(tmp_path / "away")
        with Store.open(tmp_path / "root") as store:
            assert contents(store) == expected
        (tmp_path / "away").rename(tmp_path / f"d{lost}")


def test_a_bucket_whose_manifests_are_lost_is_made_for_its_objects(tmp_path: Path) -> None:
    expected = lived_in(tmp_path)
    with Store.open(tmp_path / "root") as store:
        layouts = store._catalogue.layouts(store._catalogue.stat("", "other").version)
    assert layouts is not None
    for place in layouts.manifest.all_places():
        damage(tmp_path / f"d{place.disk}", place)
    (tmp_path / "root" / DATABASE).unlink()
    assert reopened(tmp_path) == expected
    with Store.open(tmp_path / "root") as store:
        store.delete("other", "same")
        store.delete_bucket("other")
        assert [bucket.name for bucket in store.buckets()] == ["bucket"]
