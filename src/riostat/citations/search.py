"""Full text of the statements, in a tantivy index that is made from the database, and made again.

The database says which statements the text is behind with (`unindexed`). An entry is taken off that
list once tantivy has committed it; who is killed in between does it twice, which changes nothing.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import tantivy

from riostat.citations.index import CitationIndex
from riostat.core.errors import CitationIndexError
from riostat.core.text import printable

__all__ = ["Filters", "SearchHits", "StatementSearch"]

_FOLDER: Final = "text"
_IDENTITY: Final = "identity.json"
_VERSION: Final = 1
_BATCH: Final = 20_000
_HEAP_BYTES: Final = 64 << 20
_WORDS_MAX: Final = 32
_PART: Final = re.compile(r'"([^"]*)"|(\S+)')
_COMMON: Final = frozenset(
    ["a", "an", "and", "as", "by", "for", "in", "is", "of", "on", "the", "to"]
)

_ROWS: Final = """
    SELECT unindexed.statement, statement.sentence, statement.section, classification.label,
        classification.abstained, work.id, work.year, work.venue
    FROM unindexed
    LEFT JOIN statement ON statement.id = unindexed.statement
    LEFT JOIN classification ON classification.statement = statement.id
    LEFT JOIN document ON document.id = statement.document
    LEFT JOIN work ON work.id = document.work
    WHERE unindexed.statement > ? ORDER BY unindexed.statement LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """What found statements must have besides words; the last three are the citing document's.

    `label` is that of the classifier, ``abstained`` or ``unclassified``; `years` the first and the
    last.
    """

    label: str | None = None
    section: str | None = None
    years: tuple[int, int] | None = None
    author: str | None = None
    journal: str | None = None


@dataclass(frozen=True, slots=True)
class SearchHits:
    """How many statements there are, and the ids of the best of them."""

    total: int
    statements: list[int]


class StatementSearch:
    """The full-text index beside a database."""

    def __init__(self, index: CitationIndex) -> None:
        self._index = index
        self._path = index.folder / _FOLDER
        self._analyzer = _analyzer()
        self._schema = _schema()
        self._text: tantivy.Index | None = None

    @property
    def behind(self) -> int:
        """How many statements the text does not have as they are now."""
        if self._open() is None:
            return _count(self._index, "statement")
        return _count(self._index, "unindexed")

    def catch_up(self, report: Callable[[int], None]) -> None:
        """Bring the text to where the database is; `report` is told the size of each batch.

        Raises `CitationIndexError` where another process is at it.
        """
        text = self._open() or self._make()
        try:
            writer = text.writer(_HEAP_BYTES, 1)
        except ValueError as error:
            raise CitationIndexError(
                "The full-text index is being written by another process; wait until that has "
                "ended."
            ) from error
        is_empty = text.searcher().num_docs == 0
        last = 0
        while rows := self._index.connection.execute(_ROWS, (last, _BATCH)).fetchall():
            last = rows[-1][0]
            authors = self._authors({row[5] for row in rows})
            for row in rows:
                if not is_empty:
                    writer.delete_documents_by_term("id", row[0])
                if row[1] is not None:
                    writer.add_document(_entry(row, authors.get(row[5], [])))
            writer.commit()
            with self._index.transaction():
                self._index.connection.executemany(
                    "DELETE FROM unindexed WHERE statement = ?", [(row[0],) for row in rows]
                )
            report(len(rows))
        writer.wait_merging_threads()
        text.reload()

    def search(self, words: str, filters: Filters, *, limit: int, offset: int = 0) -> SearchHits:
        """Return the statements that have all the words, the best first.

        Words in double quotes stand together; no other sign means anything. Raises
        `CitationIndexError` where there is no full text.
        """
        text = self._open()
        if text is None:
            raise CitationIndexError(
                "There is no full-text index; `riostat cite ingest` makes it from the database."
            )
        searcher = text.searcher()
        found = searcher.search(self._query(words, filters), limit=limit, offset=offset)
        addresses = [address for _, address in found.hits]
        ids = searcher.fast_field_values("id", addresses)
        total: int = found.count  # type: ignore[attr-defined]  # its stub lacks it
        return SearchHits(total, [int(id_) for id_ in ids if id_ is not None])

    def _open(self) -> tantivy.Index | None:
        if self._text is None and _identity(self._path) == self._wanted_identity():
            try:
                self._text = tantivy.Index.open(str(self._path))
            except (ValueError, OSError):
                return None
            self._text.register_tokenizer("prose", self._analyzer)
        return self._text

    def _make(self) -> tantivy.Index:
        """Make an empty index, in which everything is still to be entered."""
        try:
            if self._path.exists():
                shutil.rmtree(self._path)
            self._path.mkdir(mode=0o700)
            text = tantivy.Index(self._schema, str(self._path))
            with self._index.transaction():
                self._index.connection.execute(
                    "INSERT OR IGNORE INTO unindexed SELECT id FROM statement"
                )
            (self._path / _IDENTITY).write_text(json.dumps(self._wanted_identity()))
        except (OSError, ValueError) as error:
            raise CitationIndexError(
                f"The full-text index {printable(str(self._path))} cannot be made "
                f"({printable(str(error))}); choose another place with --data."
            ) from error
        text.register_tokenizer("prose", self._analyzer)
        self._text = text
        return text

    def _wanted_identity(self) -> dict[str, int]:
        row = self._index.connection.execute("PRAGMA application_id").fetchone()
        return {"version": _VERSION, "database": row[0]}

    def _authors(self, works: set[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for work in works - {None}:
            rows = self._index.connection.execute(
                "SELECT name FROM authorship JOIN author ON author.id = authorship.author"
                " WHERE work = ? ORDER BY position LIMIT 100",
                (work,),
            )
            found[work] = [name for (name,) in rows]
        return found

    def _query(self, words: str, filters: Filters) -> tantivy.Query:
        parts = list(islice(self._parts(words), _WORDS_MAX))
        rare = [part for part in parts if len(part) > 1 or part[0] not in _COMMON]
        queries = [self._words_query("sentence", part) for part in rare or parts]
        if filters.label is not None:
            queries.append(tantivy.Query.term_query(self._schema, "label", filters.label))
        if filters.section is not None:
            queries.append(tantivy.Query.term_query(self._schema, "section", filters.section))
        if filters.years is not None:
            queries.append(
                tantivy.Query.range_query(
                    self._schema, "year", tantivy.FieldType.Integer, *filters.years
                )
            )
        for field, value in (("author", filters.author), ("journal", filters.journal)):
            names = self._analyzer.analyze(value or "")
            queries += [tantivy.Query.term_query(self._schema, field, name) for name in names]
        if not queries:
            return tantivy.Query.all_query()
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query) for query in queries])

    def _parts(self, words: str) -> Iterator[list[str]]:
        for match in _PART.finditer(words):
            if tokens := self._analyzer.analyze(match[1] or match[2] or "")[:_WORDS_MAX]:
                yield tokens

    def _words_query(self, field: str, tokens: list[str]) -> tantivy.Query:
        if len(tokens) == 1:
            return tantivy.Query.term_query(self._schema, field, tokens[0])
        return tantivy.Query.phrase_query(self._schema, field, list(tokens))


def _analyzer() -> tantivy.TextAnalyzer:
    """What makes words of text: lower case, without accents, without the endings of English."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("English"))
        .build()
    )


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", indexed=True, fast=True)
    builder.add_integer_field("year", indexed=True, fast=True)
    for name in ("label", "section"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("sentence", tokenizer_name="prose", index_option="position")
    for name in ("author", "journal"):
        builder.add_text_field(name, tokenizer_name="prose", index_option="basic")
    return builder.build()


def _entry(row: tuple[Any, ...], authors: list[str]) -> tantivy.Document:
    id_, sentence, section, label, abstained, _, year, venue = row
    entry = tantivy.Document()
    entry.add_integer("id", id_)
    if year is not None:
        entry.add_integer("year", year)
    shown = "unclassified" if label is None else "abstained" if abstained else label
    entry.add_text("label", shown)
    entry.add_text("section", section)
    entry.add_text("sentence", sentence)
    entry.add_text("journal", venue or "")
    for name in authors:
        entry.add_text("author", name)
    return entry


def _identity(path: Path) -> object:
    try:
        return json.loads((path / _IDENTITY).read_text())
    except (OSError, ValueError):
        return None


def _count(index: CitationIndex, table: str) -> int:
    found: int = index.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - a constant
    return found
