"""Documents into the index: read in several processes, written by one, whole batches at a time.

What was read of a file is added in the transaction of its batch, so an ingest that is killed leaves
whole documents, and the next one of the same paths passes over them by their bytes.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from riostat.citations.archives import SourceFile, read_sources
from riostat.citations.index import CitationIndex, Extraction
from riostat.citations.readers import DocumentReaders, content_digest
from riostat.core.errors import DocumentError

__all__ = ["LIBRARY", "IngestProgress", "ingest"]

LIBRARY: Final = Path(__file__).with_name("library")
"""The folder of riostat's own technical notes, which come with it."""

_BATCH_DOCUMENTS = 64


@dataclass(slots=True)
class IngestProgress:
    """What an ingest has done so far; `refused` has a sentence for each file left out."""

    files: int = 0
    added: int = 0
    known: int = 0
    references: int = 0
    statements: int = 0
    refused_count: int = 0
    refused: deque[str] = field(default_factory=lambda: deque(maxlen=1000))

    def refuse(self, error: DocumentError) -> None:
        """Count a file that is left out."""
        self.refused_count += 1
        self.refused.append(str(error))


def ingest(
    index: CitationIndex,
    paths: list[Path],
    *,
    jobs: int,
    report: Callable[[IngestProgress], None],
) -> IngestProgress:
    """Read every document below `paths` into the index, and call `report` after each batch."""
    progress = IngestProgress()
    batch: list[Extraction] = []
    with DocumentReaders(jobs) as readers:
        for result in readers.extract(_unknown(index, paths, progress)):
            if isinstance(result, DocumentError):
                progress.refuse(result)
                continue
            batch.append(result)
            if len(batch) == _BATCH_DOCUMENTS:
                _write(index, batch, progress)
                batch = []
                report(progress)
    _write(index, batch, progress)
    index.catch_up()
    report(progress)
    return progress


def _write(index: CitationIndex, batch: list[Extraction], progress: IngestProgress) -> None:
    with index.transaction():
        added = [extraction for extraction in batch if index.add(extraction)]
    progress.added += len(added)
    progress.known += len(batch) - len(added)
    progress.references += sum(len(one.document.references) for one in added)
    progress.statements += sum(len(one.statements) for one in added)


def _unknown(
    index: CitationIndex, paths: list[Path], progress: IngestProgress
) -> Iterator[SourceFile]:
    for source, is_last in read_sources(paths):
        progress.files += is_last
        if source.refusal is None and index.contains(content_digest(source.data)):
            progress.known += 1
        else:
            yield source
