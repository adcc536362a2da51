"""The status: sizes, states and counters add up."""

from pathlib import Path

from tests.store.stores import BLOCK, new_store, put


def test_status(tmp_path: Path) -> None:
    with new_store(tmp_path, disks=2, slots=20) as store:
        store.create_bucket("bucket")
        put(store, "key", bytes(2 * BLOCK))
        version = store.stat("bucket", "key")
        for index in (0, 1, 0, 1):
            store.read_block(version, index)
        status = store.status()
        assert (status.buckets, status.objects, status.object_bytes) == (1, 1, 2 * BLOCK)
        assert (status.uuid, status.block_bytes, status.replication) == (
            str(store.uuid), store.block_bytes, store.replication,
        )  # fmt: skip
        assert [disk.name for disk in status.disks] == ["d0", "d1"]
        for disk in status.disks:
            assert (disk.state, disk.reason, disk.queued) == ("ready", "", 0)
            assert disk.capacity_bytes == 20 * BLOCK
            assert disk.used_bytes == 4 * BLOCK
            assert disk.busy_ns > 0
            assert disk.expected_ns > 0
        assert sum(disk.bytes for disk in status.disks) >= 6 * BLOCK
        assert (status.hits, status.misses, status.delay.count, status.late) == (2, 2, 2, 0)
        assert status.failed_copies == 0
