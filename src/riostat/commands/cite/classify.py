"""riostat cite classify."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from riostat.citations.classification import Classifier
    from riostat.citations.jsonlines import BadLine, Line

__all__ = ["command"]


@click.command(name="classify")
@click.option(
    "--model",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A model that `riostat cite train` wrote [default: the one that ships].",
)
def command(model: Path | None) -> int:
    """Say of statements whether they support, contrast or mention what they cite.

    Standard input has a JSON object a line, with `id` and `sentence`, and as far as they are known
    `start` and `end` of the target's marker (code points of the sentence), `previous` and `next`
    sentence, `section`, and `others`, pairs of offsets of other markers. Standard output has, in
    the same order, `id`, `label`, the three calibrated `probabilities`, and `abstained`: whether
    the label is too uncertain to show. Lines are answered as they come. One that is no statement
    is named on standard error and left out, and the command then ends with exit code 1.
    """
    from riostat.citations.classification import Classifier
    from riostat.citations.jsonlines import BadLine, LineReader

    classifier = Classifier.load(model)
    bad = 0
    with os.fdopen(0, "rb", closefd=False) as stdin:
        for lines in LineReader(stdin):
            _answer(classifier, [line for line in lines if not isinstance(line, BadLine)])
            for line in lines:
                if isinstance(line, BadLine):
                    bad += 1
                    _complain(line)
    return 1 if bad else 0


def _answer(classifier: "Classifier", statements: "list[Line]") -> None:
    import msgspec

    from riostat.citations.modelfile import LABELS

    if not statements:
        return
    found = classifier.classify(statements)
    rows = zip(
        statements,
        found.labels,
        found.probabilities.tolist(),
        found.abstained.tolist(),
        strict=True,
    )
    answers = [
        {
            "id": statement.id,
            "label": label,
            "probabilities": dict(zip(LABELS, probabilities, strict=True)),
            "abstained": abstained,
        }
        for statement, label, probabilities, abstained in rows
    ]
    sys.stdout.buffer.write(msgspec.json.Encoder().encode_lines(answers))
    sys.stdout.buffer.flush()


def _complain(line: "BadLine") -> None:
    click.echo(f"riostat: Line {line.number} is no statement: {line.reason}; left out.", err=True)
