"""Opening the database of an index."""

import sqlite3
from pathlib import Path

import pytest

from riostat.citations.schema import DATABASE_NAME, connect
from riostat.core.errors import CitationIndexError


def test_an_index_is_made_once_and_has_an_identity(tmp_path: Path) -> None:
    with pytest.raises(CitationIndexError, match="There is no citation index"):
        connect(tmp_path / "new", create=False)
    identities = []
    for create in (True, True, False):
        connection = connect(tmp_path / "new", create=create)
        identities.append(connection.execute("PRAGMA application_id").fetchone())
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        connection.close()
    assert len(set(identities)) == 1


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(CitationIndexError, match="cannot be used \\(file is not a database\\)"):
        connect(tmp_path, create=True)


def test_an_index_of_another_version_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(CitationIndexError, match="it is of version 99, this riostat reads 1"):
        connect(tmp_path, create=False)


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CitationIndexError, match="choose another place with --data"):
        connect(tmp_path / "file" / "below", create=True)
