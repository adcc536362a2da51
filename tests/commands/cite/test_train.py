"""riostat cite train, as its user runs it."""

import json
from pathlib import Path

import pytest

from riostat.citations.labels import Label, write_labels
from riostat.citations.modelfile import LABELS, read_model
from riostat.citations.statements import statement_hash
from tests.citations.articles import article
from tests.citations.statements_for_tests import made_examples
from tests.commands.cite.invoking import refusal, riostat

_THRICE = ("supporting", "supporting", "supporting")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled statements in a file, and in articles with labels beside them."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "articles").mkdir()
    lines, labels = [], []
    for place, example in enumerate(made_examples(documents=12)):
        sentence, label = example.statement.sentence, LABELS[example.label]
        start, end = example.statement.start, example.statement.end
        assert start is not None
        assert end is not None
        line = {"id": place, "sentence": sentence, "start": start, "end": end, "label": label}
        lines.append(json.dumps(line | {"document": example.document, "weight": example.weight}))
        doi = f"10.1234/test.{place}"
        marker = f'<xref ref-type="bibr" rid="B1">{sentence[start:end]}</xref>'
        body = f"<p>{sentence[:start]}{marker}{sentence[end:]}</p>"
        (folder / "articles" / f"{place}.xml").write_bytes(article(body, doi=doi))
        digest = statement_hash(sentence, start, end)
        labels.append(Label(doi, digest, label, label, label, "rest", 1.0))
    (folder / "statements").write_text("\n".join(lines))
    write_labels(folder / "labels", labels)
    return folder


def test_a_model_is_made_of_statements_and_measured(work: Path) -> None:
    done = riostat(work, "train", "--statements", "statements", "-o", "m", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["statements"] == 72
    assert result["model"] == read_model(work / "m").header.name
    figures = result["at_natural_prevalence"]["classes"]["mentioning"]
    assert figures["precision"]["low"] <= figures["precision"]["value"]
    again = riostat(work, "eval", "statements", "--model", "m", "--json")
    assert json.loads(again.stdout)["model"] == result["model"]


def test_a_model_is_made_of_labels_and_articles(work: Path) -> None:
    done = riostat(work, "train", "articles", "--labels", "labels", "-o", "n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("72 statements of 72 documents, cross-validated\n")
    assert "\nagreement of the two readers beyond chance: kappa 1.000\n" in done.stdout
    assert done.stderr == f"wrote {read_model(work / 'n').header.name} to n\n"


def test_labels_without_statements_are_counted(work: Path, tmp_path: Path) -> None:
    write_labels(tmp_path / "l", [Label("10.1/x", "00", *_THRICE, "rest", 1.0)])
    done = riostat(work, "train", "articles", "--labels", str(tmp_path / "l"), "-o", "o")
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first.startswith("riostat: 1 labels name statements that are not in these articles")
    assert "too few to train on" in second


def test_wrong_usage_is_refused(work: Path) -> None:
    assert riostat(work, "train", "-o", "m").returncode == 2
    assert riostat(work, "train", "a", "--statements", "b", "-o", "m").returncode == 2
    assert "cannot be read" in refusal(riostat(work, "train", "--statements", "x", "-o", "m"))
