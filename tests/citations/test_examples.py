"""Labels find their statements in articles, by hash."""

import json
from pathlib import Path

import pytest

from riostat.citations.documentfile import load_document
from riostat.citations.examples import join_labels, read_examples
from riostat.citations.labels import Label
from riostat.citations.statements import statements_of
from riostat.core.errors import LabelError
from tests.citations.articles import article

BODY = (
    '<p>We agree with <xref ref-type="bibr" rid="B1">[1]</xref>.'
    ' It differs from <xref ref-type="bibr" rid="B2">[2]</xref>.</p>'
)


def _label(document: str, digest: str, settled: str) -> Label:
    return Label(document, digest, settled, settled, settled, "rest", 2.0)


def test_labels_find_their_statements(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(article(BODY))
    first, second = statements_of(load_document(tmp_path / "a.xml"))
    labels = [
        _label("10.1234/test.1", second.hash, "contrasting"),
        _label("10.1234/test.1", first.hash, "supporting"),
        _label("10.1234/other", first.hash, "supporting"),
    ]
    joined = join_labels(labels, [tmp_path])
    assert joined.missing == 1
    assert [example.statement for example in joined.examples] == [second, first]
    assert [example.label for example in joined.examples] == [1, 0]
    assert joined == join_labels(labels, [tmp_path / "a.xml"])


def test_statements_are_read_from_a_file(tmp_path: Path) -> None:
    line = {"id": 1, "sentence": "We agree [1].", "start": 9, "end": 12, "label": "supporting"}
    lines = [line, line | {"document": "d", "weight": 3, "label": "mentioning"}]
    (tmp_path / "s").write_text("\n".join(map(json.dumps, lines)))
    first, second = read_examples(tmp_path / "s")
    assert (first.label, first.weight) == (0, None)
    assert (second.label, second.document, second.weight) == (2, "d", 3)
    assert first.document != second.document


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "has no statement"), ('\n{"id": 1}', "Line 2 of"), ("[", "Line 1 of")],
)
def test_what_is_no_statement_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "s").write_text(text)
    with pytest.raises(LabelError, match=reason):
        read_examples(tmp_path / "s")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="cannot be read"):
        read_examples(tmp_path / "none")
