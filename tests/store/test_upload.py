"""Writing objects: all or nothing, digests, conditions, bounded memory."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riostat.core.errors import (
    DigestMismatchError,
    PreconditionError,
    StoreFullError,
    StoreNameError,
)
from riostat.store.store import Store
from riostat.store.upload import Upload
from tests.store.stores import BLOCK, get, new_store, put


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with new_store(tmp_path_factory.mktemp("upload"), slots=200) as store:
        store.create_bucket("bucket")
        yield store


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.integers(0, 2 * BLOCK + 1), max_size=4),
    key=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20),
    start=st.integers(0, 4 * BLOCK),
    length=st.integers(0, 4 * BLOCK),
)
def test_what_is_written_is_read(
    store: Store, pieces: list[int], key: str, start: int, length: int
) -> None:
    data = b"".join(bytes([n]) * length for n, length in enumerate(pieces))
    with store.put("bucket", key, content_type="a/b", metadata={"x": key}) as upload:
        sent = 0
        for piece in pieces:
            upload.write(memoryview(data)[sent : sent + piece])
            sent += piece
        version = upload.commit(size=len(data), md5=hashlib.md5(data).digest())
    assert store.stat("bucket", key) == version
    assert version.etag == hashlib.md5(data).hexdigest()
    assert version.metadata == {"x": key}
    assert b"".join(store.read(version)) == data
    assert b"".join(store.read(version, start, start + length)) == data[start : start + length]
    assert [bytes(store.read_block(version, n)) for n in range(version.blocks)] == [
        data[n : n + BLOCK] for n in range(0, len(data), BLOCK)
    ]
    assert store.delete("bucket", key)


def used(store: Store) -> int:
    return sum(disk.used_bytes for disk in store.status().disks) // BLOCK


REFUSALS: list[tuple[Callable[[Upload], object], type[Exception]]] = [
    (lambda upload: upload.commit(size=1), DigestMismatchError),
    (lambda upload: upload.commit(md5=bytes(16)), DigestMismatchError),
    (lambda upload: upload.commit(if_match="x"), PreconditionError),
    (lambda upload: upload.commit(if_none_match="*"), PreconditionError),
    (lambda upload: upload.commit(more_metadata={"a": "b" * 20_000}), StoreNameError),
]


@pytest.mark.parametrize(
    ("commit", "error"), REFUSALS, ids=["size", "md5", "if-match", "if-none-match", "metadata"]
)
def test_what_is_refused_leaves_nothing(
    tmp_path: Path, commit: Callable[[Upload], object], error: type[Exception]
) -> None:
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        put(store, "key", b"old")
        before = used(store)
        with store.put("bucket", "key") as upload:
            upload.write(bytes(3 * BLOCK))
            with pytest.raises(error):
                commit(upload)
            upload.abort()
        assert get(store, "key") == b"old"
        assert used(store) == before


def test_nothing_is_visible_before_the_commit(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        before = used(store)
        with store.put("bucket", "key") as upload:
            upload.write(bytes(5 * BLOCK))
            assert store.list("bucket").objects == ()
        assert store.list("bucket").objects == ()
        assert used(store) == before


def test_an_overwritten_object_gives_its_room_back(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        for length in (5 * BLOCK, 3, 2 * BLOCK):
            put(store, "key", bytes(length))
        assert used(store) == 2 + 2 + 4
        assert store.delete_many("bucket", ["key", "none"]) == [True, False]
        assert used(store) == 2


def test_a_full_store_refuses_and_goes_on(tmp_path: Path) -> None:
    with new_store(tmp_path, disks=2, slots=10) as store:
        store.create_bucket("bucket")
        put(store, "kept", b"1" * 3 * BLOCK)
        before = used(store)
        with pytest.raises(StoreFullError), store.put("bucket", "large") as upload:
            upload.write(bytes(20 * BLOCK))
        assert used(store) == before
        assert get(store, "kept") == b"1" * 3 * BLOCK
        put(store, "other", bytes(2 * BLOCK))


@pytest.mark.parametrize("blocks", range(1, 18))
def test_an_object_that_just_fits_is_not_refused(tmp_path: Path, blocks: int) -> None:
    """Slots are set aside ahead; those that no block came for are not held against the rest."""
    with new_store(tmp_path, disks=2, slots=blocks + 2) as store:  # a bucket, and a manifest
        store.create_bucket("bucket")
        data = bytes(range(256)) * (blocks * BLOCK // 256)
        with pytest.raises(StoreFullError):
            put(store, "key", data + data[:BLOCK])
        put(store, "key", data)
        assert get(store, "key") == data
        assert used(store) == 2 * (blocks + 2)


_PROGRAM = """
import resource, sys
from pathlib import Path
from riostat.store.store import Store
with Store.open(Path(sys.argv[1]), cache_bytes=1 << 20) as store:
    piece = bytes(1 << 20)
    with store.put("bucket", "warm") as upload:
        upload.write(piece * 8)
        upload.commit()
    store.delete("bucket", "warm")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with store.put("bucket", "large") as upload:
        for _ in range(200):
            upload.write(piece)
        version = upload.commit()
    for block in store.read(version):
        pass
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_object_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    with new_store(tmp_path, disks=2, slots=3300) as store:
        store.create_bucket("bucket")
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / "root")],
        capture_output=True,
        text=True,
        check=True,
    )
    grown = int(done.stdout)
    assert grown < 20_000  # KiB, where the object has 204800
