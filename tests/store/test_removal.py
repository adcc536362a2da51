"""Removing: tombstones first, slots afterwards, and what a dead process had begun is taken back."""

import subprocess
import sys
from pathlib import Path

from riostat.store.store import Store
from tests.store.stores import BLOCK, new_store, put

_DIES = """
import os, sys
from pathlib import Path
from riostat.store.store import Store
store = Store.open(Path(sys.argv[1]))
upload = store.put("bucket", "begun")
upload.write(bytes(5 << 16))
if sys.argv[2] == "declared":
    from riostat.store.layouts import Layout
    layout = Layout()
    path = upload._path
    (places,) = path.reservations.reserve(upload._version, 99, 1)
    layout.append(places)
    path.reservations.declare(upload._version, layout, path.clock)
os._exit(9)
"""


def used(store: Store) -> int:
    return sum(disk.used_bytes for disk in store.status().disks) // BLOCK


def test_what_a_dead_process_had_reserved_is_free_again(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        before = used(store)
    for how in ("written", "declared"):
        done = subprocess.run(
            [sys.executable, "-c", _DIES, str(tmp_path / "root"), how], check=False
        )
        assert done.returncode == 9
        with Store.open(tmp_path / "root") as store:
            assert used(store) == before
            assert store.list("bucket").objects == ()
    assert list((tmp_path / "root" / "sessions").iterdir()) == []


def test_a_live_process_keeps_what_it_reserved(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        with store.put("bucket", "key") as upload:
            upload.write(bytes(5 * BLOCK))
            with Store.open(tmp_path / "root") as other:
                put(other, "other", bytes(3 * BLOCK))
            version = upload.commit()
        assert sum(map(len, store.read(version))) == 5 * BLOCK
        assert used(store) == store.scrub().blocks


def test_removals_wait_for_a_disk_that_is_missing(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        put(store, "key", bytes(3 * BLOCK))
        layouts = store._catalogue.layouts(store.stat("bucket", "key").version)
        assert layouts is not None
        one, _ = layouts.manifest.places(0)
    away = tmp_path / f"d{one.disk}"
    away.rename(tmp_path / "away")
    with Store.open(tmp_path / "root") as store:
        store.delete("bucket", "key")
        assert used(store) == 2 + 2  # the bucket, and two graves
    (tmp_path / "away").rename(away)
    with Store.open(tmp_path / "root") as store:
        assert used(store) == 2
