"""Uploads that nobody goes on with are given up a week after their last part, with their space."""

import contextlib
import itertools
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.core.errors import BucketNotFoundError
from riostat.store.metadata import DATABASE
from riostat.store.s3.pendinguploads import UPLOAD_KEPT_NS, UPLOADS, PendingUploads
from riostat.store.store import Store
from tests.store.serving import made_store, serving
from tests.store.stores import BLOCK, new_store, put

WEEK_NS = 7 * 24 * 3600 * 1_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        opened.create_bucket("films")
        yield opened


def begin(pending: PendingUploads, key: str = "film") -> str:
    identity = secrets.token_hex(16)
    pending.begin(identity, "films", key, "video/mp4", {"n": "1"})
    return identity


def put_part(store: Store, identity: str, number: int) -> int:
    """Put a part of two blocks, and return when it came."""
    name = f"{identity}/part-{number:05d}"
    put(store, name, bytes(2 * BLOCK), bucket=UPLOADS)
    return store.stat(UPLOADS, name).modified_ns


def used(store: Store) -> int:
    return sum(disk.used_bytes for disk in store.status().disks)


def remove_abandoned(pending: PendingUploads, now_ns: int) -> list[str]:
    found = pending.abandoned(now_ns)
    for identity in found:
        pending.remove(identity)
    return found


def test_nothing_is_pending_where_nobody_uploaded(store: Store) -> None:
    pending = PendingUploads(store)
    assert pending.abandoned(time.time_ns() + WEEK_NS) == []
    assert list(pending.heads("films", "")) == []
    assert pending.head("0" * 32) is None
    with pytest.raises(BucketNotFoundError):
        pending.begin("0" * 32, "nowhere", "k", "text/plain", {})


def test_a_week_after_its_last_part_an_upload_is_gone_with_its_space(store: Store) -> None:
    pending = PendingUploads(store)
    kept = begin(pending, "kept")
    pending.remove(begin(pending))  # the bucket of uploads itself takes a slot
    before = used(store)
    identity = begin(pending)
    put_part(store, identity, 1)
    last_ns = put_part(store, identity, 7)
    put_part(store, kept, 1)
    assert used(store) > before
    assert UPLOAD_KEPT_NS == WEEK_NS
    assert remove_abandoned(pending, last_ns + WEEK_NS - 1) == []
    assert remove_abandoned(pending, last_ns + WEEK_NS) == [identity]
    assert pending.head(identity) is None
    assert [head.metadata["key"] for head in pending.heads("films", "")] == ["kept"]
    pending.remove(kept)
    begin(pending, "kept")
    assert used(store) == before


def test_an_upload_without_parts_lasts_a_week_too(store: Store) -> None:
    pending = PendingUploads(store)
    identity = begin(pending)
    head = pending.head(identity)
    assert head is not None
    assert pending.abandoned(head.modified_ns + WEEK_NS - 1) == []
    assert pending.abandoned(head.modified_ns + WEEK_NS) == [identity]


def test_what_a_removal_left_that_was_cut_short_goes_at_once(store: Store) -> None:
    pending = PendingUploads(store)
    identity = begin(pending)
    before = used(store)
    put_part(store, identity, 1)
    store.delete(UPLOADS, f"{identity}/upload")  # as far as a killed server may have come
    assert list(pending.heads("films", "")) == []
    assert remove_abandoned(pending, 0) == [identity]
    assert used(store) < before


def test_an_upload_that_is_put_together_is_not_abandoned(store: Store) -> None:
    pending = PendingUploads(store)
    identity = begin(pending)
    later_ns = time.time_ns() + 2 * WEEK_NS
    with pending.in_use(identity), pending.in_use(identity):
        assert pending.abandoned(later_ns) == []
    assert pending.abandoned(later_ns) == [identity]


def test_a_server_gives_back_what_was_abandoned_before_it_began(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    with Store.open(root) as store:
        store.create_bucket("films")
        pending = PendingUploads(store)
        begin(pending, "young")
        before = used(store)
        put_part(store, begin(pending, "old"), 1)
    with contextlib.closing(sqlite3.connect(root / DATABASE)) as database, database:
        database.execute(
            "UPDATE objects SET modified_ns = modified_ns - ? WHERE bucket = ? AND key NOT IN"
            " (SELECT key FROM objects WHERE bucket = ? ORDER BY modified_ns LIMIT 1)",
            (WEEK_NS, UPLOADS, UPLOADS),
        )
    with serving(root) as served, contextlib.closing(served.client()) as client:
        while True:
            uploads = client.list_multipart_uploads(Bucket="films")["Uploads"]
            if len(uploads) == 1:
                break
            time.sleep(0.05)
        assert uploads[0]["Key"] == "young"
    with Store.open(root) as store:
        assert used(store) == before


def test_uploads_are_listed_page_by_page(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    keys = ["a", "b/1", "b/2", "b/2", "\U0001f600", "\uffee"]
    with Store.open(root) as store:
        store.create_bucket("films")
        pending = PendingUploads(store)
        expected = sorted((key, begin(pending, key)) for key in reversed(keys))
    with serving(root) as served, contextlib.closing(served.client()) as client:
        for size in (1, 2, 6, 1000):
            pages = client.get_paginator("list_multipart_uploads").paginate(
                Bucket="films", PaginationConfig={"PageSize": size}
            )
            lists = [page.get("Uploads", []) for page in pages]
            assert [len(uploads) <= size for uploads in lists] == [True] * len(lists)
            found = [(u["Key"], u["UploadId"]) for u in itertools.chain.from_iterable(lists)]
            assert found == expected
        for after, count in ((expected[2], 3), ((expected[2][0], ""), 2)):
            key, identity = after
            marker = {"KeyMarker": key} | ({"UploadIdMarker": identity} if identity else {})
            answer = client.list_multipart_uploads(Bucket="films", **marker)
            assert [u["Key"] for u in answer["Uploads"]] == [k for k, _ in expected][-count:]
        answer = client.list_multipart_uploads(Bucket="films", Prefix="b/", MaxUploads=3)
        assert (len(answer["Uploads"]), answer["IsTruncated"]) == (3, False)
