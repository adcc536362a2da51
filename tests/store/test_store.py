"""The store as a whole: several at once on the same disks, and back after closing."""

import threading
from pathlib import Path

from riostat.store.store import Store
from tests.store.stores import BLOCK, contents, get, is_gone, new_store, put


def test_what_was_closed_is_there_when_it_is_opened(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        uuid = store.uuid
        store.create_bucket("bucket")
        put(store, "a/b", b"1" * 3 * BLOCK)
    with Store.open(tmp_path / "root") as store:
        assert store.uuid == uuid
        assert store.root == tmp_path / "root"
        assert contents(store) == {("", "bucket"): b"", ("bucket", "a/b"): b"1" * 3 * BLOCK}


def test_two_openings_see_each_other_at_once(tmp_path: Path) -> None:
    with new_store(tmp_path) as one, Store.open(tmp_path / "root") as two:
        one.create_bucket("bucket")
        for number in range(10):
            writer, reader = (one, two) if number % 2 else (two, one)
            put(writer, "key", bytes([number]) * BLOCK)
            assert get(reader, "key") == bytes([number]) * BLOCK
        two.delete("bucket", "key")
        assert is_gone(one, "bucket", "key")


def test_many_threads_put_get_and_delete(tmp_path: Path) -> None:
    failures: list[BaseException] = []
    with new_store(tmp_path, slots=150) as store, Store.open(tmp_path / "root") as other:
        store.create_bucket("bucket")

        def work(number: int) -> None:
            mine = (store, other)[number % 2]
            try:
                for turn in range(8):
                    data = bytes([number, turn]) * (BLOCK * (turn % 4) // 2 + 1)
                    put(mine, f"key{number}", data)
                    assert get(mine, f"key{number}") == data
                    if turn % 3 == 2:
                        assert mine.delete("bucket", f"key{number}")
            except BaseException as error:  # noqa: BLE001 - the test fails with it below
                failures.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert len(store.list("bucket").objects) == 6
        used = sum(disk.used_bytes for disk in store.status().disks)
        assert used == store.scrub().blocks * BLOCK
