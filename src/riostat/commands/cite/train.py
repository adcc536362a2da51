"""riostat cite train."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option
from riostat.core.errors import LabelError

if TYPE_CHECKING:
    from riostat.citations.examples import Example

__all__ = ["command"]


@click.command(name="train")
@click.argument(
    "articles",
    nargs=-1,
    type=click.Path(path_type=Path),
    help="Articles that the labels are about, or folders of them.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Labels by document and hash of the statement [default: those that ship].",
)
@click.option(
    "--statements",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Labelled statements instead, a JSON object a line as for `riostat cite eval`.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write the model to.",
)
@json_option
def command(
    articles: tuple[Path, ...],
    *,
    labels: Path | None,
    statements: Path | None,
    output: Path,
    as_json: bool,
) -> None:
    """Make a classifier of labelled statements.

    The same labels and articles make the same model. It is measured by cross-validation, in which
    every statement is classified by a model that has seen nothing of its document. Needs
    scikit-learn.
    """
    from riostat.citations.evaluation import measure
    from riostat.citations.modelfile import write_model
    from riostat.citations.training import cross_validate, train
    from riostat.commands.cite.figures import echo_evaluations, evaluations_as_json

    if bool(articles) == (statements is not None):
        raise click.UsageError("Give either ARTICLES or --statements.")
    examples, agreement = _examples(articles, labels, statements)
    model = train(examples)
    evaluations = measure(examples, cross_validate(examples), model.header.prevalence)
    try:
        output.write_bytes(write_model(model))
    except OSError as error:
        raise LabelError(
            f"The model {output} cannot be written ({error.strerror}); name another file."
        ) from error
    if as_json:
        head = {"model": model.header.name, "statements": len(examples), "kappa": agreement}
        click.echo(json.dumps(head | evaluations_as_json(evaluations)))
    else:
        documents = model.header.documents
        click.echo(f"{len(examples)} statements of {documents} documents, cross-validated")
        if agreement is not None:
            click.echo(f"agreement of the two readers beyond chance: kappa {agreement:.3f}")
        echo_evaluations(evaluations)
        click.echo(f"wrote {model.header.name} to {output}", err=True)


def _examples(
    articles: tuple[Path, ...], labels: Path | None, statements: Path | None
) -> "tuple[list[Example], float | None]":
    """Return examples, and how well the readers of labels agree."""
    from riostat.citations.examples import join_labels, read_examples
    from riostat.citations.labels import BUNDLED_LABELS, agreement, read_labels

    if statements is not None:
        return read_examples(statements), None
    read = read_labels(labels or BUNDLED_LABELS)
    joined = join_labels(read, articles)
    if joined.missing:
        click.echo(
            f"riostat: {joined.missing} labels name statements that are not in these articles;"
            " left out.",
            err=True,
        )
    return joined.examples, agreement(read)
