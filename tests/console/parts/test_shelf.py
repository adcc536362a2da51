"""The store's objects as the console lists them."""

import asyncio
import shutil
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from riostat.console.parts.shelf import Shelf, is_hidden
from riostat.core.errors import BucketNotFoundError, StoreError
from tests.console.parts.conftest import FILM, MANY, Stocked


def test_buckets_of_the_front_ends_are_hidden(stocked: Stocked) -> None:
    async def scene() -> list[str]:
        shelf = Shelf(stocked.data / "store")
        found = await shelf.buckets()
        await shelf.close()
        return [bucket.name for bucket in found]

    assert asyncio.run(scene()) == ["media", "spare"]
    assert is_hidden(".uploads")


def test_pages_follow_one_another(stocked: Stocked) -> None:
    async def scene() -> list[str]:
        shelf = Shelf(stocked.data / "store")
        keys: list[str] = []
        after: str | None = ""
        while after is not None:
            page = await shelf.page("media", prefix="many/", after=after, limit=50)
            keys += [entry.key for entry in page.objects]
            after = page.next_after
        await shelf.close()
        return keys

    assert asyncio.run(scene()) == [f"many/{n:04d}" for n in range(MANY)]


def test_a_store_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    async def scene() -> None:
        shelf = Shelf(tmp_path)
        assert not shelf.exists()
        with pytest.raises(StoreError, match="There is no store"):
            await shelf.buckets()
        await shelf.close()

    asyncio.run(scene())


def test_another_store_in_its_place_is_seen(stocked: Stocked, tmp_path: Path) -> None:
    root = tmp_path / "store"
    shutil.copytree(stocked.data / "store", root)

    async def scene() -> None:
        shelf = Shelf(root)
        await shelf.page("media", prefix="", after="", limit=5)
        (root / "store.json").unlink()
        with pytest.raises(StoreError):
            await shelf.page("media", prefix="", after="", limit=5)
        shutil.copy(stocked.data / "store" / "store.json", root)
        with pytest.raises(BucketNotFoundError):
            await shelf.page("nothing", prefix="", after="", limit=5)
        await shelf.close()

    asyncio.run(scene())


def test_so_many_are_read_at_once_and_no_more(stocked: Stocked) -> None:
    async def scene() -> None:
        shelf = Shelf(stocked.data / "store")
        version = await shelf.find("media", "film.mp4")
        streams = []
        for _ in range(16):
            stream = await shelf.bytes_of(version, 0, len(FILM))
            await anext(stream)
            streams.append(stream)
        with pytest.raises(HTTPException, match="the most"):
            await shelf.bytes_of(version, 0, 1)
        for stream in streams:
            await stream.aclose()
        content = b"".join([piece async for piece in await shelf.bytes_of(version, 10, 200_000)])
        assert content == FILM[10:200_000]
        await shelf.close()

    asyncio.run(scene())
