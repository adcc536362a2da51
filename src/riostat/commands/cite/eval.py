"""riostat cite eval."""

import json
from pathlib import Path

import click

from riostat.commands.options import json_option

__all__ = ["command"]


@click.command(name="eval")
@click.argument(
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Labelled statements, a JSON object a line as for `riostat cite classify`, with `label`.",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A model that `riostat cite train` wrote [default: the one that ships].",
)
@json_option
def command(file: Path, model: Path | None, *, as_json: bool) -> None:
    """Measure the classifier on labelled statements.

    Precision, recall and F1 of each class come with 95 % intervals of a bootstrap over documents
    (`document` in the file; without it every statement is one of its own), for the statements as
    they are and at natural prevalence: weighted by `weight`, where the file has it, else so that
    each class has the share that it has in the open literature. The displayed figures leave out
    what the classifier abstains on.
    """
    from riostat.citations.classification import Classifier
    from riostat.citations.evaluation import measure
    from riostat.citations.examples import read_examples
    from riostat.commands.cite.figures import echo_evaluations, evaluations_as_json

    examples = read_examples(file)
    classifier = Classifier.load(model)
    found = classifier.classify(example.statement for example in examples)
    evaluations = measure(examples, found, classifier.model.header.prevalence)
    if as_json:
        head = {"model": classifier.version, "statements": len(examples)}
        click.echo(json.dumps(head | evaluations_as_json(evaluations)))
    else:
        click.echo(f"{len(examples)} statements, model {classifier.version}")
        echo_evaluations(evaluations)
