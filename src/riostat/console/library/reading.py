"""Asking the citation index: in threads of its own, a few at a time, each for a while at most.

The index is opened for each question, which takes a millisecond: so nothing of it stays in memory,
and one that was made anew meanwhile is what the next question reads.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from riostat.citations.index import CitationIndex
from riostat.citations.schema import DATABASE_NAME
from riostat.console.answers import refusal
from riostat.core.errors import CitationIndexError
from riostat.core.text import printable

__all__ = ["Library"]

_THREADS = 2
_WAITING = 64
_LONGEST_S = 10.0
_STEPS = 100_000
_CACHE_KIB = 4096

Answer = TypeVar("Answer")


class Library:
    """The citation index in a folder, as the console reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._asked = 0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="library")

    def exists(self) -> bool:
        """Tell whether there is an index."""
        return (self.folder / DATABASE_NAME).is_file()

    async def ask(self, question: Callable[[CitationIndex], Answer]) -> Answer:
        """Return what a question, asked in a thread, finds in the index.

        Raises `CitationIndexError`, and `HTTPException` when there is none, too many are waiting or
        it takes too long.
        """
        if not self.exists():
            raise refusal(404, "The library is empty; `riostat cite ingest PATH` fills it.")
        if self._asked >= _WAITING:
            raise refusal(503, f"{_WAITING} questions wait for the library, the most; ask later.")
        self._asked += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self.look, question)
        finally:
            self._asked -= 1

    async def close(self) -> None:
        """Take no more questions."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def look(self, question: Callable[[CitationIndex], Answer]) -> Answer:
        """Return what a question finds, asked in this thread; raises `CitationIndexError`."""
        try:
            with CitationIndex.open(self.folder) as index:
                index.connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
                end_s = time.monotonic() + _LONGEST_S
                index.connection.set_progress_handler(lambda: time.monotonic() > end_s, _STEPS)
                return question(index)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                raise refusal(
                    504, f"The library was asked for more than {_LONGEST_S:g} s; ask for less."
                ) from error
            raise self._broken(error) from error
        except sqlite3.Error as error:
            raise self._broken(error) from error

    def _broken(self, error: sqlite3.Error) -> CitationIndexError:
        return CitationIndexError(
            f"The citation index in {printable(str(self.folder))} cannot be read "
            f"({printable(str(error))}); move it away and ingest the documents again."
        )
