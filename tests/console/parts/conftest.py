"""A store with objects, good and bad, and a console that shows it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from riostat.core.datadir import DataDirectory
from riostat.store.specification import DiskSpecification
from riostat.store.store import Store
from tests.console.serving import RunningConsole, new_console

BLOCK = 64 << 10
FILM = os.urandom(5 * BLOCK + 777)
EVIL = b"<!doctype html><script>document.title = 'pwned'</script>"
MANY = 130


@dataclass(frozen=True)
class Stocked:
    """The data directory, and what is in the store's bucket ``media``: key -> (type, content)."""

    data: Path
    objects: dict[str, tuple[str, bytes]]


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Stocked:
    data = tmp_path_factory.mktemp("stocked")
    DataDirectory(data).make()
    objects = {
        "film.mp4": ("video/mp4", FILM),
        "a/../evil.html": ("text/html", EVIL),
        "evil.svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        "notes.txt": ("text/plain", b"one\ntwo\n"),
        "empty": ("application/octet-stream", b""),
        "r\u00e4tsel & <b>?.txt": ("text/plain; charset=latin-1", b"x"),
    }
    objects |= {f"many/{n:04d}": ("application/octet-stream", b"%d" % n) for n in range(MANY)}
    disks = [DiskSpecification(data / "store" / f"d{n}", capacity_bytes=24 << 20) for n in range(2)]
    with Store.create(data / "store", disks, block_bytes=BLOCK, seed=1) as store:
        for bucket in (".uploads", "media", "spare"):
            store.create_bucket(bucket)
        for key, (kind, content) in objects.items():
            with store.put("media", key, content_type=kind) as upload:
                upload.write(content)
                upload.commit()
    return Stocked(data, objects)


@pytest.fixture(scope="session")
def stocked_console(stocked: Stocked) -> Iterator[RunningConsole]:
    with new_console(stocked.data) as running:
        yield running


@pytest.fixture
def shop(stocked_console: RunningConsole) -> Iterator[httpx2.Client]:
    """A client of the console over the store."""
    with stocked_console.client() as opened:
        yield opened
