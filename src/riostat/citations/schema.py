"""The tables of the index, and how it is opened.

A `work` is whatever is cited or cites; one without a DOI is known by its title and year. A
`document` is a file that was read, a `reference` an entry of its list with the work that it was
resolved to, a `statement` a sentence that cites it. What a classifier says of a statement stands in
`classification`, apart, so that a better model replaces it without a new ingest. `tally` counts
statements of each work. `unsettled` and `unindexed` say which tallies and which entries of the
full-text index are behind: they are written in the transaction that makes them so, and whoever is
killed in between, the next one catches up.
"""

import secrets
import sqlite3
from pathlib import Path
from typing import Final

from riostat.core.errors import CitationIndexError
from riostat.core.text import printable

__all__ = ["DATABASE_NAME", "connect"]

DATABASE_NAME: Final = "citations.sqlite"
_VERSION: Final = 1
_BUSY_S: Final = 60.0

_TABLES: Final = """
CREATE TABLE work (
    id INTEGER PRIMARY KEY,
    doi TEXT UNIQUE,
    pmid TEXT,
    title TEXT NOT NULL,
    title_key TEXT NOT NULL,
    author_key TEXT NOT NULL,
    year INTEGER,
    venue TEXT NOT NULL,
    own INTEGER NOT NULL
) STRICT;
CREATE INDEX work_title ON work (title_key) WHERE title_key <> '';
CREATE INDEX work_author ON work (author_key, year) WHERE author_key <> '';
CREATE INDEX work_pmid ON work (pmid) WHERE pmid IS NOT NULL;

CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE authorship (
    work INTEGER NOT NULL REFERENCES work,
    position INTEGER NOT NULL,
    author INTEGER NOT NULL REFERENCES author,
    PRIMARY KEY (work, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX authorship_author ON authorship (author);

CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    work INTEGER NOT NULL REFERENCES work,
    digest BLOB NOT NULL UNIQUE,
    source TEXT NOT NULL,
    licence TEXT NOT NULL,
    kind TEXT NOT NULL,
    parser INTEGER NOT NULL,
    dangling INTEGER NOT NULL
) STRICT;
CREATE INDEX document_work ON document (work);

CREATE TABLE reference (
    id INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    key TEXT NOT NULL,
    number INTEGER NOT NULL,
    work INTEGER REFERENCES work,
    method TEXT NOT NULL,
    score REAL NOT NULL,
    doi TEXT,
    pmid TEXT,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    year INTEGER,
    venue TEXT NOT NULL,
    raw TEXT NOT NULL
) STRICT;
CREATE INDEX reference_document ON reference (document);
CREATE INDEX reference_work ON reference (work);

CREATE TABLE statement (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    reference INTEGER NOT NULL REFERENCES reference ON DELETE CASCADE,
    previous TEXT,
    sentence TEXT NOT NULL,
    next TEXT,
    "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    others TEXT NOT NULL,
    section TEXT NOT NULL,
    heading TEXT NOT NULL,
    place TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX statement_document ON statement (document);
CREATE INDEX statement_reference ON statement (reference);

CREATE TABLE classification (
    statement INTEGER PRIMARY KEY REFERENCES statement ON DELETE CASCADE,
    model TEXT NOT NULL,
    supporting REAL NOT NULL,
    contrasting REAL NOT NULL,
    mentioning REAL NOT NULL,
    label TEXT NOT NULL,
    abstained INTEGER NOT NULL
) STRICT;

CREATE TABLE notice (
    document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    kind TEXT NOT NULL,
    doi TEXT NOT NULL
) STRICT;
CREATE INDEX notice_doi ON notice (doi);
CREATE INDEX notice_document ON notice (document);

CREATE TABLE tally (
    work INTEGER PRIMARY KEY REFERENCES work,
    supporting INTEGER NOT NULL,
    contrasting INTEGER NOT NULL,
    mentioning INTEGER NOT NULL,
    abstained INTEGER NOT NULL,
    unclassified INTEGER NOT NULL,
    total INTEGER NOT NULL
) STRICT;

CREATE TABLE unsettled (work INTEGER PRIMARY KEY) STRICT;
CREATE TABLE unindexed (statement INTEGER PRIMARY KEY) STRICT;
"""


def connect(folder: Path, *, create: bool) -> sqlite3.Connection:
    """Open the database of an index; raises `CitationIndexError` where there is none to be used.

    Transactions are explicit: nothing begins or ends one but ``BEGIN IMMEDIATE`` and ``COMMIT``.
    """
    path = folder / DATABASE_NAME
    if not create and not path.is_file():
        raise CitationIndexError(
            f"There is no citation index in {printable(str(folder))}; "
            "`riostat cite ingest PATH` makes one."
        )
    try:
        if create:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        _prepare(connection)
    except (OSError, sqlite3.Error) as error:
        raise CitationIndexError(
            f"The citation index {printable(str(path))} cannot be used "
            f"({printable(str(error))}); choose another place with --data or move it away."
        ) from error
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -65536")
    if _version(connection) == 0:
        connection.execute("BEGIN IMMEDIATE")
        if _version(connection) == 0:  # nobody else has made the tables meanwhile
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            # Names this database, so that a full-text index of another is not taken for its own.
            connection.execute(f"PRAGMA application_id = {secrets.randbits(31)}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
    if (version := _version(connection)) != _VERSION:
        connection.close()
        raise sqlite3.DatabaseError(f"it is of version {version}, this riostat reads {_VERSION}")


def _version(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found
