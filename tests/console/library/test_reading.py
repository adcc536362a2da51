"""Questions to the index: in threads, a few at a time, bounded, and small."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from riostat.citations.browsing import index_size
from riostat.citations.index import CitationIndex
from riostat.console.library import reading
from riostat.console.library.reading import Library
from riostat.core.datadir import DataDirectory
from riostat.core.errors import CitationIndexError

ENDLESS = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x FROM n) SELECT count(*) FROM n"
LOADED = """
import sys
import riostat.console.app
before = set(sys.modules)
import riostat.citations.browsing, riostat.citations.search
print(*sorted({"lxml", "numpy", "sklearn", "numba", "tantivy"} & (before | set(sys.modules))))
print(*sorted({"tantivy"} & before))
"""


def library(data: Path) -> Library:
    return Library(DataDirectory(data).citations)


def test_questions_are_answered_in_a_thread(stocked_library: Path) -> None:
    async def ask() -> None:
        found = library(stocked_library)
        thread = await found.ask(lambda _: threading.current_thread())
        assert thread is not threading.current_thread()
        sizes = await asyncio.gather(*(found.ask(index_size) for _ in range(20)))
        assert len(set(sizes)) == 1
        await found.close()

    asyncio.run(ask())


def test_too_many_questions_are_refused(
    stocked_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_WAITING", 1)

    async def ask() -> None:
        found, released = library(stocked_library), threading.Event()
        first = asyncio.create_task(found.ask(lambda _: released.wait()))
        await asyncio.sleep(0)
        with pytest.raises(HTTPException, match="ask later"):
            await found.ask(index_size)
        released.set()
        assert await first
        assert (await found.ask(index_size)).documents
        await found.close()

    asyncio.run(ask())


def test_a_long_question_is_broken_off(
    stocked_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_LONGEST_S", 0.01)
    with pytest.raises(HTTPException, match="ask for less") as raised:
        library(stocked_library).look(lambda index: index.connection.execute(ENDLESS).fetchone())
    assert raised.value.status_code == 504


def test_what_the_database_refuses_is_a_sentence(stocked_library: Path) -> None:
    def question(index: CitationIndex) -> None:
        index.connection.execute("SELECT 1 FROM nowhere")

    with pytest.raises(CitationIndexError, match=r"cannot be read \(no such table"):
        library(stocked_library).look(question)


def test_there_is_none_until_there_is(tmp_path: Path) -> None:
    found = library(tmp_path)
    assert not found.exists()
    with pytest.raises(CitationIndexError, match="riostat cite ingest"):
        found.look(index_size)


def test_the_console_loads_nothing_heavy_for_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout == "tantivy\n\n"
