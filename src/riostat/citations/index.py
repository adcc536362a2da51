"""The index: documents, references, statements and works in one SQLite database.

Everything that belongs together is written in one transaction, so that an index is whole whenever
its writer is killed. `catch_up` then does what is still to do: references for which a work has come
that they may mean, and tallies.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from riostat.citations.documents import Document, Reference
from riostat.citations.resolution import SCORE_MIN, Match, resolve
from riostat.citations.schema import connect
from riostat.citations.statements import Statement
from riostat.citations.titles import likeness, name_key, title_key
from riostat.core.closing import Closing

__all__ = ["PARSER_VERSION", "CitationIndex", "Extraction"]

PARSER_VERSION = 1
"""Of what reads documents; what an older version has read is read anew when it comes again."""

# Works that only a title names, and those of a DOI that have changed: the same title, or the same
# author about the same year. CROSS JOIN keeps the order of the tables, of which only the first is
# short; the plus keeps it from looking for all that have no DOI.
_PERHAPS_THE_SAME = """
    SELECT mine.id, mine.title_key, named.title_key
    FROM unsettled CROSS JOIN work AS named ON named.id = unsettled.work AND named.doi IS NOT NULL
    CROSS JOIN work AS mine ON mine.title_key = named.title_key AND mine.title_key <> ''
    WHERE +mine.doi IS NULL AND mine.own = 0
    UNION
    SELECT mine.id, mine.title_key, named.title_key
    FROM unsettled CROSS JOIN work AS named ON named.id = unsettled.work AND named.doi IS NOT NULL
    CROSS JOIN work AS mine ON mine.author_key = named.author_key AND mine.author_key <> ''
        AND mine.year BETWEEN named.year - 1 AND named.year + 1
    WHERE +mine.doi IS NULL AND mine.own = 0
"""

# The work that a document is: of the same DOI, of the same bytes, or, where it has no DOI, another
# without one of the same title, author and year.
_SAME_WORK = """
    SELECT id FROM work WHERE doi = ?1
    UNION ALL SELECT work FROM document WHERE digest = ?2
    UNION ALL SELECT id FROM work
        WHERE ?3 IS NULL AND +doi IS NULL AND title_key = ?4 AND title_key <> ''
        AND author_key = ?5 AND year IS ?6
    LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was read of a file: `digest` names its bytes, `source` says where it was."""

    document: Document
    statements: tuple[Statement, ...]
    digest: bytes
    source: str


class CitationIndex(Closing):
    """An open index; one thread at a time may use it."""

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        self.folder = folder
        self.connection = connection

    @classmethod
    def open(cls, folder: Path, *, create: bool = False) -> "CitationIndex":
        """Open the index in a folder; raises `CitationIndexError`."""
        return cls(folder, connect(folder, create=create))

    def close(self) -> None:
        """Close it; what was not committed is gone."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything that is done within, or nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def contains(self, digest: bytes) -> bool:
        """Tell whether a file with these bytes was read by this version."""
        return (
            self.connection.execute(
                "SELECT 1 FROM document WHERE digest = ? AND parser = ?", (digest, PARSER_VERSION)
            ).fetchone()
            is not None
        )

    def add(self, extraction: Extraction) -> bool:
        """Add a document within a transaction; one with the same DOI or bytes gives way to it.

        Returns False, and adds nothing, where the same bytes are there already.
        """
        if self.contains(extraction.digest):
            return False
        document = extraction.document
        work = self._own_work(document, extraction.digest)
        self._remove(work)
        cursor = self.connection.execute(
            "INSERT INTO document (work, digest, source, licence, kind, parser, dangling)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                work,
                extraction.digest,
                extraction.source,
                document.licence,
                document.kind,
                PARSER_VERSION,
                document.dangling,
            ),
        )
        assert cursor.lastrowid is not None
        references = self._add_references(cursor.lastrowid, document.references)
        self._add_statements(cursor.lastrowid, extraction.statements, references)
        self.connection.executemany(
            "INSERT INTO notice (document, kind, doi) VALUES (?, ?, ?)",
            [(cursor.lastrowid, notice.kind, notice.doi) for notice in document.notices],
        )
        return True

    def mark_changed(self, statements: Iterable[int]) -> None:
        """Within a transaction, note that these statements are to be counted and indexed again."""
        changed = [(statement,) for statement in statements]
        self.connection.executemany("INSERT OR IGNORE INTO unindexed VALUES (?)", changed)
        self.connection.executemany(
            "INSERT OR IGNORE INTO unsettled SELECT work FROM statement"
            " JOIN reference ON reference.id = statement.reference"
            " WHERE statement.id = ? AND work IS NOT NULL",
            changed,
        )

    def catch_up(self) -> None:
        """Resolve what new works have made resolvable, and count again what has changed."""
        if self.connection.execute("SELECT 1 FROM unsettled LIMIT 1").fetchone() is None:
            return
        with self.transaction():
            self._resolve_again()
            self._tally()

    def _own_work(self, document: Document, digest: bytes) -> int:
        """Return the work that a document is; what it says of itself is believed most."""
        values = (
            document.title,
            title_key(document.title),
            name_key(document.authors[0]) if document.authors else "",
            document.year,
            document.journal,
        )
        row = self.connection.execute(
            _SAME_WORK, (document.doi, digest, document.doi, *values[1:4])
        ).fetchone()
        if row is None:
            cursor = self.connection.execute(
                "INSERT INTO work (doi, title, title_key, author_key, year, venue, own)"
                " VALUES (?, ?, ?, ?, ?, ?, 1)",
                (document.doi, *values),
            )
            assert cursor.lastrowid is not None
            work: int = cursor.lastrowid
        else:
            work = row[0]
            self.connection.execute(
                "UPDATE work SET title = ?, title_key = ?, author_key = ?, year = ?, venue = ?,"
                " own = 1 WHERE id = ?",
                (*values, work),
            )
            self.connection.execute("DELETE FROM authorship WHERE work = ?", (work,))
        self._add_authors(work, document.authors)
        self._unsettle(work)
        return work

    def _add_authors(self, work: int, names: Iterable[str]) -> None:
        for position, name in enumerate(dict.fromkeys(names)):
            self.connection.execute("INSERT OR IGNORE INTO author (name) VALUES (?)", (name,))
            self.connection.execute(
                "INSERT INTO authorship (work, position, author)"
                " SELECT ?, ?, id FROM author WHERE name = ?",
                (work, position, name),
            )

    def _remove(self, work: int) -> None:
        """Remove what was read of a work before."""
        for (document,) in self.connection.execute(
            "SELECT id FROM document WHERE work = ?", (work,)
        ).fetchall():
            self.connection.execute(
                "INSERT OR IGNORE INTO unsettled SELECT work FROM reference"
                " WHERE document = ? AND work IS NOT NULL",
                (document,),
            )
            self.connection.execute(
                "INSERT OR IGNORE INTO unindexed SELECT id FROM statement WHERE document = ?",
                (document,),
            )
            self.connection.execute("DELETE FROM document WHERE id = ?", (document,))

    def _add_references(self, document: int, references: Iterable[Reference]) -> dict[str, int]:
        found: dict[str, int] = {}
        for reference in references:
            match = resolve(self.connection, reference)
            cursor = self.connection.execute(
                "INSERT INTO reference (document, key, number, work, method, score, doi, pmid,"
                " title, author, year, venue, raw)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document,
                    reference.id,
                    reference.number,
                    *_match_columns(match),
                    reference.doi,
                    reference.pmid,
                    reference.title,
                    reference.author,
                    reference.year,
                    reference.venue,
                    reference.raw,
                ),
            )
            assert cursor.lastrowid is not None
            found[reference.id] = cursor.lastrowid
            if match is not None:
                self._unsettle(match.work)
        return found

    def _add_statements(
        self, document: int, statements: Iterable[Statement], references: dict[str, int]
    ) -> None:
        self.connection.executemany(
            "INSERT INTO statement (document, reference, previous, sentence, next, start,"
            ' "end", others, section, heading, place, hash)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    document,
                    references[statement.reference],
                    statement.previous,
                    statement.sentence,
                    statement.next,
                    statement.start,
                    statement.end,
                    " ".join(f"{begin}-{end}" for begin, end in statement.others),
                    statement.section,
                    statement.heading,
                    statement.place,
                    bytes.fromhex(statement.hash),
                )
                for statement in statements
            ],
        )
        self.connection.execute(
            "INSERT INTO unindexed SELECT id FROM statement WHERE document = ?", (document,)
        )

    def _unsettle(self, work: int) -> None:
        self.connection.execute("INSERT OR IGNORE INTO unsettled VALUES (?)", (work,))

    def _resolve_again(self) -> None:
        """Give references by title alone to works with a DOI that have come since and agree."""
        alike = {
            mine
            for mine, key, other in self.connection.execute(_PERHAPS_THE_SAME)
            if key == other or likeness(key, other) >= SCORE_MIN - 0.1
        }
        for work in sorted(alike):
            for row in self.connection.execute(
                "SELECT id, key, number, NULL, pmid, title, author, year, venue, raw"
                " FROM reference WHERE work = ?",
                (work,),
            ).fetchall():
                match = resolve(self.connection, Reference(*row[1:]))
                if match is not None and match.work != work:
                    self.connection.execute(
                        "UPDATE reference SET work = ?, method = ?, score = ? WHERE id = ?",
                        (*_match_columns(match), row[0]),
                    )
                    self._unsettle(match.work)
            self._unsettle(work)

    def _tally(self) -> None:
        """Count the statements of the works whose tallies are behind."""
        self.connection.execute(
            """
            INSERT OR REPLACE INTO tally
            SELECT unsettled.work,
                coalesce(sum(label = 'supporting' AND NOT abstained), 0),
                coalesce(sum(label = 'contrasting' AND NOT abstained), 0),
                coalesce(sum(label = 'mentioning' AND NOT abstained), 0),
                coalesce(sum(abstained), 0),
                sum(statement.id IS NOT NULL AND label IS NULL),
                count(statement.id)
            FROM unsettled
            LEFT JOIN reference ON reference.work = unsettled.work
            LEFT JOIN statement ON statement.reference = reference.id
            LEFT JOIN classification ON classification.statement = statement.id
            GROUP BY unsettled.work
            """
        )
        self.connection.execute("DELETE FROM unsettled")


def _match_columns(match: Match | None) -> tuple[int | None, str, float]:
    return (None, "unresolved", 0.0) if match is None else (match.work, match.method, match.score)
