"""How well a classifier does, as plain text."""

from dataclasses import asdict

import click

from riostat.citations.evaluation import Estimate, Evaluation

__all__ = ["echo_evaluations", "evaluations_as_json"]

_COLUMNS = ("precision", "recall", "f1", "displayed_precision", "displayed_recall")
_TITLES = {
    "at_data_set": "as the statements are",
    "at_natural_prevalence": "at natural prevalence",
}


def echo_evaluations(evaluations: dict[str, Evaluation]) -> None:
    """Print the figures of each weighting on standard output."""
    for name, evaluation in evaluations.items():
        click.echo()
        click.echo(
            f"{_TITLES[name]}: macro-F1 {_figure(evaluation.macro_f1)},"
            f" ECE {evaluation.ece:.3f}, abstained {100 * evaluation.abstained:.1f} %"
        )
        heads = (column.replace("_", " ") for column in _COLUMNS)
        click.echo(f"{'':<13}{'n':>6}" + "".join(f"{head:>20}" for head in heads))
        for label, figures in evaluation.classes.items():
            cells = (_figure(getattr(figures, column)) for column in _COLUMNS)
            row = "".join(f"{cell:>20}" for cell in cells)
            click.echo(f"{label:<13}{figures.statements:>6}{row}")


def evaluations_as_json(evaluations: dict[str, Evaluation]) -> dict[str, object]:
    """Return the figures of each weighting under its name."""
    return {name: asdict(evaluation) for name, evaluation in evaluations.items()}


def _figure(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "-"
    return f"{estimate.value:.2f} ({estimate.low:.2f}-{estimate.high:.2f})"
