"""Scrubbing: every wrong byte is found, and repaired where there is a copy."""

import random
from pathlib import Path

from riostat.store.integrity import ScrubReport
from riostat.store.layouts import Place
from riostat.store.store import Store
from tests.store.stores import BLOCK, SLOT, break_disk, contents, copies, damage, new_store, put


def filled(tmp_path: Path, *, replication: float = 1.0) -> dict[tuple[str, str], bytes]:
    chance = random.Random(4)
    with new_store(tmp_path, replication=replication) as store:
        store.create_bucket("bucket")
        for number, length in enumerate([0, 10, BLOCK, 3 * BLOCK + 5]):
            put(store, f"key{number}", chance.randbytes(length))
        return contents(store)


def scrub(tmp_path: Path) -> ScrubReport:
    counted: list[int] = []
    with Store.open(tmp_path / "root") as store:
        report = store.scrub(counted.append)
        assert sum(counted) > 0
    return report


def used_places(tmp_path: Path) -> list[Place]:
    with Store.open(tmp_path / "root") as store:
        places = []
        for version in store._catalogue.versions():
            layouts = store._catalogue.layouts(version.version)
            assert layouts is not None
            places += [*layouts.data.all_places(), *layouts.manifest.all_places()]
    return places


def test_a_whole_store_is_whole(tmp_path: Path) -> None:
    filled(tmp_path)
    assert scrub(tmp_path) == ScrubReport(blocks=len(used_places(tmp_path)))


def test_every_slot_that_rots_is_found_and_repaired(tmp_path: Path) -> None:
    expected = filled(tmp_path)
    chance = random.Random(5)
    places = used_places(tmp_path)
    for place in places:
        # The header of 4 KiB is checked to its last byte, the block up to its length.
        damage(tmp_path / f"d{place.disk}", place, at=chance.randrange(4096))
        report = scrub(tmp_path)
        assert (report.corrupt, report.repaired, report.lost) == (1, 1, 0), place
    assert scrub(tmp_path).corrupt == 0
    with Store.open(tmp_path / "root") as store:
        assert contents(store) == expected


def test_a_disk_of_garbage_is_written_anew(tmp_path: Path) -> None:
    expected = filled(tmp_path)
    chance = random.Random(6)
    garbage = [place for place in used_places(tmp_path) if place.disk == 1]
    with (tmp_path / "d1" / "riostore.slots").open("r+b") as file:
        for place in garbage:
            file.seek((1 << 20) + place.slot * SLOT)
            file.write(chance.randbytes(SLOT))
    report = scrub(tmp_path)
    assert (report.corrupt, report.repaired, report.lost) == (len(garbage), len(garbage), 0)
    with Store.open(tmp_path / "root") as store:
        assert contents(store) == expected


def test_a_manifest_without_a_copy_is_written_from_the_metadata(tmp_path: Path) -> None:
    expected = filled(tmp_path)
    with Store.open(tmp_path / "root") as store:
        layouts = store._catalogue.layouts(store.stat("bucket", "key3").version)
    assert layouts is not None
    for place in layouts.manifest.all_places():
        damage(tmp_path / f"d{place.disk}", place)
    report = scrub(tmp_path)
    assert (report.corrupt, report.repaired, report.lost) == (2, 2, 0)
    (tmp_path / "root" / "metadata.sqlite").unlink()
    with Store.open(tmp_path / "root") as store:
        assert contents(store) == expected


def test_a_block_without_a_second_copy_is_lost_and_counted(tmp_path: Path) -> None:
    filled(tmp_path, replication=0)
    with Store.open(tmp_path / "root") as store:
        (place,) = copies(store, "key3", 2)
    damage(tmp_path / f"d{place.disk}", place)
    report = scrub(tmp_path)
    assert (report.corrupt, report.repaired, report.lost) == (1, 0, 1)


def test_what_is_on_a_missing_disk_is_not_lost(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store.open(tmp_path / "root") as store:
        one, two = copies(store, "key3", 2)
    damage(tmp_path / f"d{one.disk}", one)
    (tmp_path / f"d{two.disk}").rename(tmp_path / "away")
    report = scrub(tmp_path)
    assert (report.corrupt, report.repaired, report.lost, report.unreachable) == (1, 0, 0, 1)
    (tmp_path / "away").rename(tmp_path / f"d{two.disk}")
    report = scrub(tmp_path)
    assert (report.corrupt, report.repaired, report.lost, report.unreachable) == (1, 1, 0, 0)


def test_a_scrub_beside_writers_finds_nothing_wrong(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store.open(tmp_path / "root") as store, Store.open(tmp_path / "root") as other:
        for number in range(10):
            put(other, "key3", bytes([number]) * 3 * BLOCK)
            report = store.scrub(lambda _: put(other, "key1", b"new"))
            assert (report.corrupt, report.lost) == (0, 0)


def test_a_repair_that_a_disk_refuses_is_not_counted(tmp_path: Path) -> None:
    filled(tmp_path)
    with Store.open(tmp_path / "root") as store:
        place, _ = copies(store, "key3", 1)
    damage(tmp_path / f"d{place.disk}", place)
    with Store.open(tmp_path / "root") as store:
        break_disk(store, place.disk)
        report = store.scrub()
        assert report.corrupt > 1
        assert (report.repaired, report.lost) == (0, 0)
