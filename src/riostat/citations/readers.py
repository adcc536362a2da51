"""Processes that read documents, so that one which harms its reader harms nothing else.

Each has a limit of memory and one document at a time; one that ends over it is replaced, and the
document refused. They end when the process that has started them does.
"""

import os
import resource
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType

from riostat.citations.archives import SourceFile
from riostat.citations.documentfile import parse_document
from riostat.citations.index import Extraction
from riostat.citations.statements import statements_of
from riostat.core.errors import DocumentError
from riostat.core.text import printable

__all__ = ["DocumentReaders", "content_digest", "extract"]

_MEMORY_BYTES_MAX = 3 << 30
_SPAWN = get_context("spawn")


def content_digest(data: bytes) -> bytes:
    """Return what names the bytes of a file: BLAKE2b-128."""
    return blake2b(data, digest_size=16).digest()


def extract(source: SourceFile) -> Extraction | DocumentError:
    """Return what is in a file, or why it is left out."""
    if source.refusal is not None:
        return source.refusal
    try:
        document = parse_document(source.data, source.name)
    except DocumentError as error:
        return error
    statements = tuple(statements_of(document))
    # Paragraphs have done their work; they would only be carried between processes.
    kept = replace(document, paragraphs=())
    return Extraction(kept, statements, content_digest(source.data), source.name)


@dataclass(frozen=True, slots=True)
class _Reader:
    """A process and the end of its pipe."""

    process: SpawnProcess
    connection: Connection

    @classmethod
    def start(cls) -> "_Reader":
        ours, theirs = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        return cls(process, ours)

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


class DocumentReaders:
    """Several processes that read documents, in turn."""

    def __init__(self, count: int) -> None:
        self._readers = [_Reader.start() for _ in range(count)]

    def __enter__(self) -> "DocumentReaders":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for reader in self._readers:
            reader.end()

    @property
    def pids(self) -> list[int]:
        """The processes there are now."""
        return [pid for reader in self._readers if (pid := reader.process.pid) is not None]

    def extract(self, sources: Iterable[SourceFile]) -> Iterator[Extraction | DocumentError]:
        """Yield what `extract` does for each file, in their order."""
        busy: deque[tuple[int, SourceFile]] = deque()
        for number, source in enumerate(sources):
            place = number % len(self._readers)
            if len(busy) == len(self._readers):
                yield self._result(*busy.popleft())
            self._send(place, source)
            busy.append((place, source))
        while busy:
            yield self._result(*busy.popleft())

    def _send(self, place: int, source: SourceFile) -> None:
        try:
            self._readers[place].connection.send(source)
        except OSError:  # it was killed while it had nothing to do
            self._replace(place)
            self._readers[place].connection.send(source)

    def _result(self, place: int, source: SourceFile) -> Extraction | DocumentError:
        try:
            result = self._readers[place].connection.recv()
        except (EOFError, OSError):
            self._replace(place)
            return DocumentError(
                f"The document {printable(source.name)} ended the process that read it, which may "
                f"use {_MEMORY_BYTES_MAX >> 30} GiB; leave it out."
            )
        assert isinstance(result, Extraction | DocumentError), result
        return result

    def _replace(self, place: int) -> None:
        self._readers[place].end()
        self._readers[place] = _Reader.start()


def _serve(connection: Connection) -> None:
    """Read documents until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who has started us decides
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES_MAX, _MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    while True:
        try:
            source = connection.recv()
        except (EOFError, OSError):
            return
        try:
            connection.send(extract(source))
        except MemoryError:
            os._exit(1)
