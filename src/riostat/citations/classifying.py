"""The classification of what the index holds, a table of its own that a better model replaces."""

from collections.abc import Callable
from typing import Any

from riostat.citations.classification import Classifier
from riostat.citations.index import CitationIndex
from riostat.citations.statements import Statement

__all__ = ["classify_index", "unclassified"]

_BATCH = 2048

_COLUMNS = 'statement.id, sentence, start, "end", previous, next, section, heading, place, others'
_OF_ANOTHER_MODEL = (
    " FROM statement LEFT JOIN classification ON classification.statement = statement.id"
    " WHERE model IS NOT ? AND statement.id > ?"
)


def unclassified(index: CitationIndex, classifier: Classifier) -> int:
    """Return how many statements this classifier has said nothing of."""
    found: int = index.connection.execute(
        "SELECT count(*)" + _OF_ANOTHER_MODEL, (classifier.version, 0)
    ).fetchone()[0]
    return found


def classify_index(
    index: CitationIndex, classifier: Classifier, report: Callable[[int], None]
) -> None:
    """Classify every statement of which this classifier has said nothing, a batch at a time.

    `report` is told the size of each batch. Who is killed goes on with the next batch.
    """
    last = 0
    while True:
        rows = index.connection.execute(
            f"SELECT {_COLUMNS}{_OF_ANOTHER_MODEL} ORDER BY statement.id LIMIT ?",
            (classifier.version, last, _BATCH),
        ).fetchall()
        if not rows:
            break
        last = rows[-1][0]
        found = classifier.classify([_statement(row) for row in rows])
        with index.transaction():
            index.connection.executemany(
                "INSERT OR REPLACE INTO classification"
                " SELECT id, ?, ?, ?, ?, ?, ? FROM statement WHERE id = ?",
                [
                    (classifier.version, *map(float, probabilities), label, int(abstained), row[0])
                    for row, probabilities, label, abstained in zip(
                        rows, found.probabilities, found.labels, found.abstained, strict=True
                    )
                ],
            )
            index.mark_changed([row[0] for row in rows])
        report(len(rows))
    index.catch_up()


def _statement(row: tuple[Any, ...]) -> Statement:
    id_, sentence, start, end, previous, following, section, heading, place, others = row
    pairs = [span.split("-") for span in others.split()]
    return Statement(
        id=str(id_),
        document=None,
        reference="",
        sentence=sentence,
        start=start,
        end=end,
        previous=previous,
        next=following,
        section=section,
        heading=heading,
        place=place,
        others=tuple((int(begin), int(finish)) for begin, finish in pairs),
    )
