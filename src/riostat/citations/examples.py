"""Labelled statements, from a file of their own or from labels and the articles they are about."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from riostat.citations.documentfile import DOCUMENT_SUFFIXES, load_document
from riostat.citations.features import Citing
from riostat.citations.jsonlines import BadLine, LabelledLine, LineReader
from riostat.citations.labels import Label
from riostat.citations.modelfile import LABELS
from riostat.citations.statements import Statement, statements_of
from riostat.core.errors import LabelError

__all__ = ["Example", "Joined", "join_labels", "read_examples"]


@dataclass(frozen=True, slots=True)
class Example:
    """A statement with its label, as its place in `LABELS`, and its document.

    `weight` is how many statements of the open literature it stands for, None where unknown.
    """

    statement: Citing
    label: int
    document: str
    weight: float | None


@dataclass(frozen=True, slots=True)
class Joined:
    """The examples that labels and articles make; `missing` labels found no statement."""

    examples: list[Example]
    missing: int


def read_examples(path: Path) -> list[Example]:
    """Return the statements of a file with a JSON object a line, as `jsonlines.LabelledLine`.

    Raises:
        LabelError: The file cannot be read, is empty, or has a line that is no such statement.
    """
    examples: list[Example] = []
    try:
        with path.open("rb") as file:
            for lines in LineReader(file, LabelledLine):
                for line in lines:
                    if isinstance(line, BadLine):
                        raise LabelError(
                            f"Line {line.number} of {path} is no labelled statement:"
                            f" {line.reason}; mend or remove it."
                        )
                    assert isinstance(line, LabelledLine)
                    name = f"line {len(examples)}" if line.document is None else line.document
                    label = LABELS.index(line.label)
                    examples.append(Example(line, label, str(name), line.weight))
    except OSError as error:
        raise LabelError(
            f"The statements {path} cannot be read ({error.strerror}); name a file with a JSON"
            " object a line."
        ) from error
    if not examples:
        raise LabelError(f"The file {path} has no statement; give labelled ones.")
    return examples


def join_labels(labels: Iterable[Label], articles: Iterable[Path]) -> Joined:
    """Return each label's statement, read from the articles, in the order of the labels.

    `articles` are files, or folders that are searched for them.

    Raises:
        DocumentError: An article cannot be read.
    """
    wanted = {(label.document, label.hash): label for label in labels}
    found: dict[tuple[str, str], Statement] = {}
    for path in _files(articles):
        for statement in statements_of(load_document(path)):
            key = (statement.document or "", statement.hash)
            if key in wanted:
                found.setdefault(key, statement)
    examples = [
        Example(found[key], LABELS.index(label.settled), label.document, label.weight)
        for key, label in wanted.items()
        if key in found
    ]
    return Joined(examples, len(wanted) - len(examples))


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (item for item in path.rglob("*") if item.suffix in DOCUMENT_SUFFIXES)
            files += sorted(inside)
        else:
            files.append(path)
    return files
