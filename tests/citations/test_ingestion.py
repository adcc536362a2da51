"""Ingests: what is read, passed over and refused, and what a killed one leaves."""

import random
import signal
import subprocess
import sys
from pathlib import Path

from riostat.citations.index import CitationIndex
from riostat.citations.ingestion import IngestProgress, ingest
from riostat.citations.search import Filters, StatementSearch
from tests.citations.extractions import library, opened

ROOT = Path(__file__).parents[2]
KILLS = 8
CONTENTS = """
    SELECT digest, doi FROM document JOIN work ON work.id = work ORDER BY digest;
    SELECT doi, title, year, author_key FROM work ORDER BY doi, title;
    SELECT digest, key, reference.title, method, score, work.doi FROM reference
    JOIN document ON document.id = document JOIN work ON work.id = reference.work
    ORDER BY digest, key;
    SELECT digest, sentence, key, start, hash, label, round(supporting, 9) FROM statement
    JOIN document ON document.id = statement.document
    JOIN reference ON reference.id = reference
    JOIN classification ON statement = statement.id
    ORDER BY digest, key, sentence, start;
    SELECT doi, title, supporting, contrasting, mentioning, abstained, unclassified, total
    FROM tally JOIN work ON work.id = work WHERE total > 0 ORDER BY doi, title;
    SELECT name FROM author ORDER BY name;
    SELECT 'left', (SELECT count(*) FROM unsettled), (SELECT count(*) FROM unindexed);
    PRAGMA integrity_check;
    PRAGMA foreign_key_check
"""


def read(index: CitationIndex, path: Path, jobs: int = 1) -> IngestProgress:
    return ingest(index, [path], jobs=jobs, report=lambda _: None)


def test_a_folder_is_read_once_and_what_is_no_article_is_refused(tmp_path: Path) -> None:
    library(tmp_path / "articles", 70)
    (tmp_path / "articles" / "0003.xml").write_text("<article>")
    reports = []
    with opened(tmp_path) as index:
        done = ingest(
            index, [tmp_path / "articles"], jobs=2, report=lambda p: reports.append(p.added)
        )
        assert (done.files, done.added, done.known, done.refused_count) == (70, 69, 0, 1)
        assert "0003.xml is not XML" in done.refused[0]
        assert (done.references, done.statements) == (69 * 3, 69 * 4)
        assert reports == [64, 69]
        again = read(index, tmp_path / "articles")
        assert (again.files, again.added, again.known, again.refused_count) == (70, 0, 69, 1)


def contents(folder: Path) -> list[list[tuple[object, ...]]]:
    """What an index holds, without the numbers that depend on when it was written."""
    with CitationIndex.open(folder) as index:
        found = [index.connection.execute(query).fetchall() for query in CONTENTS.split(";")]
        hits = StatementSearch(index).search("trial agrees", Filters(), limit=1000)
        assert len({*hits.statements}) == len(hits.statements) == hits.total
        return [*found, [("hits", hits.total)]]


def killed(folder: Path, path: Path, after: int) -> int | None:
    """Ingest until a statement; return how many there were where that was never reached."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.citations.killed_ingest", folder, path, str(after)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return int(done.stdout) if done.returncode == 0 else None


def test_an_ingest_that_is_killed_anywhere_goes_on_where_it_was(tmp_path: Path) -> None:
    library(tmp_path / "articles", 80)
    whole = killed(tmp_path / "whole", tmp_path / "articles", 0)
    assert whole is not None
    draw = random.Random(1)
    folder = tmp_path / "killed"
    afters = [draw.randrange(1, whole * (KILLS - kill) // KILLS) for kill in range(KILLS)]
    ended = [killed(folder, tmp_path / "articles", after) for after in afters]
    assert ended.count(None) >= KILLS // 2
    assert killed(folder, tmp_path / "articles", 0) is not None
    assert contents(folder) == contents(tmp_path / "whole")
