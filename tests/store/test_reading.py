"""Reading: the better copy, the other one where it is wrong, and what is gone."""

import threading
from pathlib import Path

import pytest

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import BlockLostError, ObjectNotFoundError
from riostat.store.store import Store
from tests.store.stores import BLOCK, copies, damage, get, new_store, put

DATA = bytes(range(256)) * (3 * BLOCK // 256) + b"end"


def prepared(tmp_path: Path) -> Store:
    store = new_store(tmp_path)
    store.create_bucket("bucket")
    put(store, "key", DATA)
    put(store, "small", b"small")
    return store


@pytest.mark.parametrize(("key", "data"), [("key", DATA), ("small", b"small")])
@pytest.mark.parametrize("at", [0, 100, 4096], ids=["magic", "digest", "block"])
def test_a_wrong_copy_gives_way_and_is_repaired(
    tmp_path: Path, key: str, data: bytes, at: int
) -> None:
    with prepared(tmp_path) as store:
        both = copies(store, key)
    for place in both:
        damage(tmp_path / f"d{place.disk}", place, at=at)
        with Store.open(tmp_path / "root") as store:
            # The wrong copy is read first when its disk has the shorter queue, or not at all.
            other = next(p for p in both if p != place)
            go = threading.Event()
            for _ in range(2):
                store._disks.queue(other.disk).submit(0, go.wait)
            future = store.submit_block(store.stat("bucket", key), 0, 0)
            go.set()
            assert bytes(future.result()) == data[:BLOCK]
            assert get(store, key) == data
            assert store.status().failed_copies == 1
        with Store.open(tmp_path / "root") as store:
            report = store.scrub()
            assert (report.corrupt, report.lost) == (0, 0)


def test_no_copy_that_is_right_is_said_so(tmp_path: Path) -> None:
    with prepared(tmp_path) as store:
        both = copies(store, "key", 1)
    for place in both:
        damage(tmp_path / f"d{place.disk}", place)
    with Store.open(tmp_path / "root") as store:
        version = store.stat("bucket", "key")
        assert bytes(store.read_block(version, 0)) == DATA[:BLOCK]
        with pytest.raises(BlockLostError, match="Block 1 of bucket/key cannot be read"):
            store.read_block(version, 1)
        report = store.scrub()
        assert (report.corrupt, report.repaired, report.lost) == (2, 0, 1)


def test_a_version_that_was_overwritten_is_gone(tmp_path: Path) -> None:
    with prepared(tmp_path) as store:
        version = store.stat("bucket", "key")
        put(store, "key", b"x" * len(DATA))
        with pytest.raises(ObjectNotFoundError, match="overwritten or deleted"):
            store.read_block(version, 0)
        # Its slots are those of others now: no repair, no count of corruption.
        assert store.scrub().corrupt == 0


def test_blocks_in_memory_ask_no_disk(tmp_path: Path) -> None:
    with prepared(tmp_path) as store:
        version = store.stat("bucket", "key")
        assert get(store, "key") == DATA
        assert store.cached_block(version, 0) is None  # what is read from end to end is not kept
        block = store.read_block(version, 0)
        assert store.cached_block(version, 0) == block == DATA[:BLOCK]
        before = [disk.bytes for disk in store.status().disks]
        assert store.submit_block(version, 0, 0).result() == block
        assert [disk.bytes for disk in store.status().disks] == before


def test_the_choice_goes_to_the_shorter_queue(tmp_path: Path) -> None:
    with prepared(tmp_path) as store:
        version = store.stat("bucket", "key")
        busy, free = (place.disk for place in copies(store, "key"))
        for member in store._disks:
            assert member.queue is not None
            member.queue.expected_ns = 1e6
        go = threading.Event()
        for _ in range(4):
            store._disks.queue(busy).submit(0, go.wait)
        before = store._disks.queue(free).bytes
        assert bytes(store.read_block(version, 0)) == DATA[:BLOCK]
        assert store._disks.queue(free).bytes > before
        go.set()


def test_delays_and_late_blocks_are_counted(tmp_path: Path) -> None:
    with prepared(tmp_path) as store:
        version = store.stat("bucket", "key")
        far_ns = SYSTEM_CLOCK.monotonic_ns() + 10**12
        store.submit_block(version, 0, far_ns).result()
        store.submit_block(version, 1, 0).result()
        delay, late = store.take_delay()
        assert (delay.count, late) == (2, 1)
        assert delay.minimum > 0
        assert store.take_delay()[0].count == 0


def test_a_future_that_is_cancelled_asks_no_disk(tmp_path: Path) -> None:
    with prepared(tmp_path) as store:
        version = store.stat("bucket", "key")
        go = threading.Event()
        queues = [store._disks.queue(place.disk) for place in copies(store, "key")]
        for queue in queues:
            for _ in range(2):
                queue.submit(0, go.wait)
        future = store.submit_block(version, 0, 0)
        assert future.cancel()
        go.set()
        assert bytes(store.read_block(version, 1)) == DATA[BLOCK : 2 * BLOCK]
        assert store.cached_block(version, 0) is None
