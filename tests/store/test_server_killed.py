"""Whatever the server acknowledged is there after it was killed at any moment, and nothing else is.

The content of a key follows from its name, so that every object that is seen after a kill can be
compared, whether it was acknowledged or not: it must be whole.
"""

import contextlib
import hashlib
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.store.serving import ServedStore, made_store, serving

WRITERS = 4
PART = 5 << 20


def content(key: str) -> bytes:
    draw = random.Random(key)
    return draw.randbytes(draw.choice([0, 100, 70_000, 1 << 20, 3_000_000]))


def put_parts(client: Any, key: str) -> None:
    upload = {"Bucket": "films", "Key": key}
    upload["UploadId"] = client.create_multipart_upload(**upload)["UploadId"]
    pieces = [bytes(PART), content(key)]
    etags = [
        client.upload_part(**upload, PartNumber=number, Body=piece)["ETag"]
        for number, piece in enumerate(pieces, 1)
    ]
    parts = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]
    client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def expected(key: str) -> bytes:
    return bytes(PART) + content(key) if key.endswith("p") else content(key)


class Round:
    """Writers that put until the server is gone, and delete some of what is theirs."""

    def __init__(self, served: ServedStore, number: int) -> None:
        self.acknowledged: set[str] = set()
        self.uncertain: set[str] = set()
        self._served = served
        self._number = number

    def run(self, kill_after_s: float) -> None:
        threads = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]
        for thread in threads:
            thread.start()
        # The moment is drawn, and nothing can be waited for.
        threading.Event().wait(kill_after_s)
        self._served.process.kill()
        for thread in threads:
            thread.join()
        self._served.process.wait()

    def _write(self, writer: int) -> None:
        with contextlib.closing(self._served.client(connect_timeout=5)) as client:
            for number in range(100_000):
                key = f"{self._number:03d}/{writer}-{number}{'p' if number % 7 == 3 else ''}"
                self.uncertain.add(key)
                try:
                    if key.endswith("p"):
                        put_parts(client, key)
                    else:
                        client.put_object(Bucket="films", Key=key, Body=content(key))
                    self.acknowledged.add(key)
                    self.uncertain.discard(key)
                    if number % 5 == 4:
                        self.uncertain.add(key)
                        self.acknowledged.discard(key)
                        client.delete_object(Bucket="films", Key=key)
                        self.uncertain.discard(key)
                except (BotoCoreError, ClientError):
                    return


def objects(client: Any, prefix: str) -> Iterator[tuple[str, str, bytes]]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="films", Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", []):
            with contextlib.closing(
                client.get_object(Bucket="films", Key=item["Key"])["Body"]
            ) as body:
                yield item["Key"], item["ETag"].strip('"'), body.read()


def look_at(served: ServedStore, done: Round, prefix: str) -> None:
    """Compare all that is seen of a round, then make room for the next."""
    with contextlib.closing(served.client()) as client:
        seen = set()
        for key, etag, data in objects(client, prefix):
            seen.add(key)
            assert data == expected(key), key
            assert "-" in etag or etag == hashlib.md5(data).hexdigest()
        assert done.acknowledged <= seen, done.acknowledged - seen
        assert seen <= done.acknowledged | done.uncertain, seen - done.acknowledged
        for key in seen:
            client.delete_object(Bucket="films", Key=key)


def kill_often(place: Path, *, seed: int, rounds: int) -> int:
    """Kill the server again and again; return how many objects were acknowledged."""
    draw = random.Random(seed)
    root, acknowledged = made_store(place, disks=3, disk_bytes=512 << 20), 0
    last: Round | None = None
    for number in range(rounds + 1):
        with serving(root) as served:
            if last is None:
                with contextlib.closing(served.client()) as client:
                    client.create_bucket(Bucket="films")
            else:
                look_at(served, last, f"{number - 1:03d}/")
            if number < rounds:
                last = Round(served, number)
                last.run(draw.uniform(0.02, 0.7))
                acknowledged += len(last.acknowledged)
    return acknowledged


@pytest.mark.timeout(300)
def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    assert kill_often(tmp_path, seed=1, rounds=5) > 0


@pytest.mark.soak
def test_what_was_acknowledged_outlives_many_kills(tmp_path: Path) -> None:
    for seed in (2, 3):
        assert kill_often(tmp_path / str(seed), seed=seed, rounds=50) > 100
