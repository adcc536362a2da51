"""Verdicts as text for a terminal."""

from collections.abc import Sequence

import click

from riostat.claims.document import measured
from riostat.claims.verdicts import Verdict

__all__ = ["print_verdicts"]


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Print each verdict with its measurement, and what was missing."""
    for verdict in verdicts:
        click.echo(f"{verdict.id}: {verdict.verdict}, {verdict.setting}")
        click.echo(f"  {verdict.sentence}")
        for sentence in verdict.missing:
            click.echo(f"  missing   {sentence}")
        if verdict.value is not None:
            click.echo(f"  measured  {measured(verdict)}; the claim holds if {verdict.rule}")
            for name, value in verdict.details.items():
                click.echo(f"            {name} {value:.10g}")
            click.echo(f"  run       {verdict.run}")
