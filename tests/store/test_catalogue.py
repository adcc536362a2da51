"""The catalogue: listings in order, conditions, buckets."""

import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riostat.core.errors import (
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
    ObjectNotFoundError,
    PreconditionError,
)
from riostat.store.catalogue import Catalogue, Conditions, Layouts, insert_object
from riostat.store.layouts import Layout
from riostat.store.metadata import DATABASE, Metadata
from riostat.store.objects import ObjectVersion
from tests.store.stores import new_store, put


def version(bucket: str, key: str, number: int) -> ObjectVersion:
    return ObjectVersion(bucket, key, f"{number:032x}", 0, "e", "t", {}, 0, 1 << 20, number, 0)


@pytest.fixture(scope="module")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metadata]:
    path = tmp_path_factory.mktemp("catalogue") / DATABASE
    Metadata.create(path, lambda _: None)
    metadata = Metadata(path)
    yield metadata
    metadata.close()


KEYS = st.text("ab/ä\U0010ffff", min_size=1, max_size=6)


@settings(max_examples=60)
@given(
    keys=st.sets(KEYS, max_size=25),
    prefix=st.text("ab/", max_size=2),
    delimiter=st.sampled_from(["", "/", "ab"]),
    limit=st.integers(1, 7),
)
def test_pages_are_what_a_sorted_set_gives(
    metadata: Metadata, keys: set[str], prefix: str, delimiter: str, limit: int
) -> None:
    with metadata.transaction(durable=False) as connection:
        connection.execute("DELETE FROM objects")
        connection.execute("DELETE FROM layouts")
        insert_object(connection, version("", "bucket", 0), Layouts(Layout(), Layout()))
        for number, key in enumerate(sorted(keys), 1):
            insert_object(connection, version("bucket", key, number), Layouts(Layout(), Layout()))
    catalogue = Catalogue(metadata, block_bytes=1 << 20)
    expected = set()
    for key in keys:
        if key.startswith(prefix):
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            expected.add(key if cut < 0 else key[: cut + len(delimiter)])
    found: list[str] = []
    after: str | None = ""
    while after is not None:
        page = catalogue.listing(
            "bucket", prefix=prefix, delimiter=delimiter, after=after, limit=limit
        )
        names = sorted([v.key for v in page.objects] + list(page.prefixes), key=str.encode)
        assert len(names) <= limit
        assert len(names) == limit or not page.truncated
        found += names
        after = page.next_after
    assert found == sorted(expected, key=str.encode)
    assert all(a < b for a, b in pairwise(found))


def test_buckets(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        made = store.create_bucket("bucket")
        assert store.buckets() == [made]
        assert store.bucket("bucket") == made
        with pytest.raises(BucketExistsError, match="exists already"):
            store.create_bucket("bucket")
        for action in (store.bucket, store.delete_bucket, store.list):
            with pytest.raises(BucketNotFoundError, match="There is no bucket none"):
                action("none")
        with pytest.raises(BucketNotFoundError):
            store.put("none", "key")
        with pytest.raises(BucketNotFoundError):
            store.stat("none", "key")
        with pytest.raises(ObjectNotFoundError, match="There is no object key"):
            store.stat("bucket", "key")
        put(store, "key", b"1")
        with pytest.raises(BucketNotEmptyError):
            store.delete_bucket("bucket")
        assert store.delete("bucket", "key")
        store.delete_bucket("bucket")
        assert store.buckets() == []


def test_a_bucket_deleted_under_an_upload_refuses_it(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        with store.put("bucket", "key") as upload:
            upload.write(b"1")
            store.delete_bucket("bucket")
            with pytest.raises(BucketNotFoundError):
                upload.commit()
        assert sum(disk.used_bytes for disk in store.status().disks) == 0


@pytest.mark.parametrize(
    ("conditions", "etag", "fits"),
    [
        (Conditions(), None, True),
        (Conditions(if_none_match="*"), None, True),
        (Conditions(if_none_match="*"), "a", False),
        (Conditions(if_none_match="b"), "a", True),
        (Conditions(if_none_match="a"), "a", False),
        (Conditions(if_match="*"), "a", True),
        (Conditions(if_match="a"), "a", True),
        (Conditions(if_match="b"), "a", False),
        (Conditions(if_match="*"), None, False),
    ],
)
def test_conditions(conditions: Conditions, etag: str | None, *, fits: bool) -> None:
    if fits:
        conditions.check("bucket", "key", etag)
    else:
        with pytest.raises(PreconditionError):
            conditions.check("bucket", "key", etag)


def test_of_many_that_must_be_the_first_one_is(tmp_path: Path) -> None:
    """The condition is checked when it counts: in the transaction that commits."""
    with new_store(tmp_path) as store:
        store.create_bucket("bucket")
        together = threading.Barrier(4)
        committed: list[bytes] = []

        def write(content: bytes) -> None:
            with store.put("bucket", "key") as upload:
                upload.write(content)
                together.wait()
                try:
                    upload.commit(if_none_match="*")
                except PreconditionError:
                    return
                committed.append(content)

        threads = [threading.Thread(target=write, args=(bytes([n]),)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(committed) == 1
        assert b"".join(store.read(store.stat("bucket", "key"))) == committed[0]
        assert store.scrub().blocks == 4  # a bucket and an object, two copies each
        assert sum(disk.used_bytes for disk in store.status().disks) == 4 * store.block_bytes
