"""Classifications are kept apart from statements, and replaced by those of another model."""

from pathlib import Path

import msgspec

from riostat.citations.classification import Classifier
from riostat.citations.classifying import classify_index, unclassified
from tests.citations.extractions import CLASSIFIER, add, extraction, library, opened


def test_every_statement_is_classified_once_and_again_by_another_model(tmp_path: Path) -> None:
    header = msgspec.structs.replace(CLASSIFIER.model.header, name="other", confidence=(1.1,) * 3)
    other = msgspec.structs.replace(CLASSIFIER.model, header=header)
    counts: list[int] = []
    with opened(tmp_path) as index:
        for path in library(tmp_path / "articles", 3):
            add(index, path.read_bytes())
        assert unclassified(index, CLASSIFIER) == 12
        classify_index(index, CLASSIFIER, counts.append)
        assert counts == [12]
        assert unclassified(index, CLASSIFIER) == 0
        query = "SELECT sum(abstained), sum(unclassified), sum(total) FROM tally"
        assert index.connection.execute(query).fetchone() == (0, 0, 12)
        classify_index(index, CLASSIFIER, counts.append)
        assert counts == [12]
        classify_index(index, Classifier(other), counts.append)
        assert index.connection.execute(query).fetchone() == (12, 0, 12)
        models = index.connection.execute("SELECT DISTINCT model FROM classification").fetchall()
        assert models == [("other",)]


def test_what_is_classified_is_what_was_read(tmp_path: Path) -> None:
    """The database gives the classifier the same statements as the extraction does."""
    (path,) = library(tmp_path / "articles", 1)
    wanted = CLASSIFIER.classify(extraction(path.read_bytes()).statements).probabilities
    with opened(tmp_path) as index:
        add(index, path.read_bytes())
        classify_index(index, CLASSIFIER, lambda _: None)
        rows = index.connection.execute(
            "SELECT supporting, contrasting, mentioning FROM classification ORDER BY statement"
        ).fetchall()
    assert rows == [tuple(row) for row in wanted.tolist()]
