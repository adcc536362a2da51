"""Labels that readers gave to statements, without the statements' text.

A row names the citing document by its DOI and the statement by its hash, so that the text is read
from the article, under the article's own licence. Two readers label independently, a third settles
where they differ. `weight` is how many statements of the sampled collection the row stands for:
rare classes were sought out, and weighted sums undo that.
"""

import csv
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from riostat.citations.modelfile import LABELS
from riostat.core.errors import LabelError

__all__ = ["BUNDLED_LABELS", "Label", "agreement", "read_labels", "write_labels"]

BUNDLED_LABELS: Final = Path(__file__).with_name("data") / "labels.tsv"
"""Our own annotation, which the model that ships is trained on."""

_COLUMNS: Final = ("document", "hash", "reader1", "reader2", "settled", "stratum", "weight")
_MAX_ROWS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Label:
    """What readers say about one statement; labels are among `LABELS`."""

    document: str
    hash: str
    reader1: str
    reader2: str
    settled: str
    stratum: str
    weight: float


def read_labels(path: Path) -> list[Label]:
    """Return the rows of a label file.

    Raises:
        LabelError: The file cannot be read, or a row is not what it should be.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _rows(path, file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelError(
            f"The labels {path} cannot be read ({error}); name a file with the columns"
            f" {', '.join(_COLUMNS)}."
        ) from error


def write_labels(path: Path, labels: Iterable[Label]) -> None:
    """Write a label file, sorted by document and hash."""
    ordered = sorted(labels, key=lambda label: (label.document, label.hash))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(_COLUMNS)
        for label in ordered:
            writer.writerow(
                [
                    *(getattr(label, name) for name in _COLUMNS[:-1]),
                    f"{label.weight:.6g}",
                ]
            )


def agreement(labels: Sequence[Label]) -> float:
    """Return how well the first two readers agree beyond chance, kappa; 1 where all are alike.

    Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
    Measurement 20, 1960.
    """
    size = max(len(labels), 1)
    first = Counter(label.reader1 for label in labels)
    second = Counter(label.reader2 for label in labels)
    chance = sum(first[name] * second[name] for name in LABELS) / size**2
    agreed = sum(label.reader1 == label.reader2 for label in labels) / size
    return 1.0 if chance == 1.0 else (agreed - chance) / (1.0 - chance)


def _rows(path: Path, file: TextIO) -> list[Label]:
    reader = csv.DictReader(file, delimiter="\t")
    if tuple(reader.fieldnames or ()) != _COLUMNS:
        raise LabelError(
            f"The labels {path} have other columns than {', '.join(_COLUMNS)}; write them in this"
            " order, separated by tabs."
        )
    labels: list[Label] = []
    seen: set[tuple[str, str]] = set()
    for row in reader:
        label = _label(row)
        if label is None or (label.document, label.hash) in seen or len(labels) == _MAX_ROWS:
            raise LabelError(
                f"Line {reader.line_num} of the labels {path} is damaged or there twice; each has"
                f" a document, a hash, three of {', '.join(LABELS)}, a stratum and a weight > 0."
            )
        seen.add((label.document, label.hash))
        labels.append(label)
    return labels


def _label(row: dict[str | None, str | None]) -> Label | None:
    values = [row.get(name) for name in _COLUMNS]
    document, digest, reader1, reader2, settled, stratum, weight = values
    if None in row or document is None or digest is None or stratum is None or weight is None:
        return None
    if reader1 not in LABELS or reader2 not in LABELS or settled not in LABELS:
        return None
    try:
        number = float(weight)
    except ValueError:
        return None
    if not (0 < number < math.inf) or not document or not digest:
        return None
    return Label(document, digest, reader1, reader2, settled, stratum, number)
