"""An ingest that kills itself: ``python -m tests.citations.killed_ingest FOLDER PATH AFTER``.

It ends by SIGKILL as it gives the database its statement number AFTER, or, where it gives fewer,
in the ordinary way, and then prints how many they were.
"""

import os
import signal
import sys
from pathlib import Path

from riostat.citations.classifying import classify_index
from riostat.citations.index import CitationIndex
from riostat.citations.ingestion import ingest
from riostat.citations.search import StatementSearch
from tests.citations.extractions import CLASSIFIER


def main(folder: Path, path: Path, after: int) -> None:
    count = 0

    def step(_: str) -> None:
        nonlocal count
        count += 1
        if count == after:
            os.kill(os.getpid(), signal.SIGKILL)

    with CitationIndex.open(folder, create=True) as index:
        index.connection.set_trace_callback(step)
        ingest(index, [path], jobs=1, report=lambda _: None)
        classify_index(index, CLASSIFIER, lambda _: None)
        StatementSearch(index).catch_up(lambda _: None)
    print(count)  # noqa: T201 - how many there were


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
