"""The database: transactions, other connections' changes, and what damage is called."""

import sqlite3
from pathlib import Path

import pytest

from riostat.core.errors import StoreError, StoreFormatError
from riostat.store.metadata import (
    DATABASE,
    Metadata,
    check_database,
    metadata_text,
    text_metadata,
)


def _one_counter(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO counters VALUES ('a', 1)")


def new_metadata(path: Path) -> Metadata:
    Metadata.create(path / DATABASE, _one_counter)
    return Metadata(path / DATABASE)


def counter(metadata: Metadata) -> int:
    with metadata.reading() as reader:
        (value,) = reader.connection.execute("SELECT value FROM counters").fetchone()
    assert isinstance(value, int)
    return value


def test_a_transaction_is_whole_or_nothing(tmp_path: Path) -> None:
    metadata = new_metadata(tmp_path)
    for durable in (True, False):
        with metadata.transaction(durable=durable) as connection:
            connection.execute("UPDATE counters SET value = value + 1")
    assert counter(metadata) == 3
    with pytest.raises(StoreError), metadata.transaction(durable=True) as connection:
        connection.executemany("UPDATE counters SET value = ?", [(9,), (None,)])
    assert counter(metadata) == 3
    metadata.close()


def test_what_a_reader_kept_goes_when_somebody_writes(tmp_path: Path) -> None:
    metadata, other = new_metadata(tmp_path), Metadata(tmp_path / DATABASE)
    with metadata.reading() as reader:
        reader.kept["a", "b"] = 1
    with metadata.reading() as reader:
        assert reader.kept
    with other.transaction(durable=False) as connection:
        connection.execute("UPDATE counters SET value = 5")
    with metadata.reading() as reader:
        assert not reader.kept
    other.close()
    metadata.close()


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / DATABASE
    path.write_bytes(content)
    with pytest.raises(StoreFormatError, match="riostat store rebuild"):
        Metadata(path)


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    new_metadata(tmp_path).close()
    path = tmp_path / DATABASE
    check_database(path)
    with path.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * 4096)
    with pytest.raises(StoreFormatError):
        check_database(path)


def test_a_database_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    metadata = new_metadata(tmp_path)
    with (
        pytest.raises(StoreError, match="cannot be used"),
        metadata.transaction(durable=True) as connection,
    ):
        connection.execute("INSERT INTO counters VALUES ('a', 1)")
    metadata.close()


def test_a_log_that_was_left_behind_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    Path(f"{path}-wal").write_bytes(b"old")
    new_metadata(tmp_path).close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT value FROM counters").fetchone() == (1,)
    connection.close()


def test_user_metadata_is_kept() -> None:
    assert text_metadata(metadata_text({"ä": '"'})) == {"ä": '"'}
