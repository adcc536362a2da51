"""Processes that read documents: what ends one harms nothing else."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from riostat.citations.archives import SourceFile
from riostat.citations.index import Extraction
from riostat.citations.readers import DocumentReaders, content_digest, extract
from riostat.core.errors import DocumentError
from tests.citations.articles import article
from tests.citations.extractions import cite

ROOT = Path(__file__).parents[2]
STARTS_READERS = """
import sys, time
from riostat.citations.readers import DocumentReaders
if __name__ == "__main__":
    readers = DocumentReaders(2)
    print(*readers.pids, flush=True)
    sys.stdin.read()
"""


def _titles(results: list[Extraction | DocumentError]) -> list[str]:
    return [r.document.title if isinstance(r, Extraction) else str(r) for r in results]


def test_what_is_extracted_of_a_file() -> None:
    data = article(f"<p>{cite(1, 2)}</p>")
    found = extract(SourceFile("a.xml", data))
    assert isinstance(found, Extraction)
    assert (found.digest, found.source) == (content_digest(data), "a.xml")
    assert [statement.reference for statement in found.statements] == ["B1", "B2"]
    refusal = DocumentError("No.")
    assert extract(SourceFile("a.xml", b"", refusal)) is refusal


def test_documents_are_read_in_their_order() -> None:
    files = [SourceFile("a.xml", article("<p>x</p>", title=f"T{n}")) for n in range(9)]
    files[4] = SourceFile("a.pdf", b"")
    with DocumentReaders(2) as readers:
        titles = _titles(list(readers.extract(files)))
        assert titles[:4] + titles[5:] == ["T0", "T1", "T2", "T3", "T5", "T6", "T7", "T8"]
        assert titles[4].startswith("The document a.pdf is of no format")
        assert list(readers.extract([])) == []


def test_a_reader_that_is_killed_is_replaced() -> None:
    files = [SourceFile("a.xml", article("<p>x</p>", title=f"T{n}")) for n in range(3)]
    with DocumentReaders(1) as readers:
        (pid,) = readers.pids
        os.kill(pid, signal.SIGKILL)
        titles = _titles(list(readers.extract(files)))
        assert readers.pids != [pid]
    assert titles[-1] == "T2"
    assert all(title in {"T0", "T1", "T2"} or "ended the process" in title for title in titles)


def test_readers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    script = tmp_path / "starts_readers.py"
    script.write_text(STARTS_READERS)
    starter = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdin is not None
    assert starter.stdout is not None
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    handles = [os.pidfd_open(pid) for pid in pids]
    starter.kill()
    starter.wait()
    for handle in handles:
        assert select.select([handle], [], [], 30)[0]
        os.close(handle)
    starter.stdin.close()
    starter.stdout.close()
    assert len(pids) == 2
