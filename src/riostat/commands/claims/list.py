"""riostat claims list."""

import json

import click

from riostat.claims.catalogue import CLAIMS
from riostat.claims.document import measured
from riostat.claims.verdicts import Verdicts
from riostat.commands.options import json_option, settings_options
from riostat.core.datadir import DataDirectory
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="list")
@json_option
@settings_options("data")
def command(settings: Settings, *, as_json: bool) -> None:
    """List the claims: source, sentence, rule, what is missing here, and the last verdict."""
    last = Verdicts(DataDirectory(settings.data).claims).last()
    if as_json:
        rows = []
        for claim in CLAIMS:
            verdict = last.get(claim.id)
            rows.append(
                {
                    "id": claim.id,
                    "source": claim.source.doi,
                    "title": claim.source.title,
                    "year": claim.source.year,
                    "sentence": claim.sentence,
                    "setting": claim.setting,
                    "method": claim.method,
                    "rule": str(claim.rule),
                    "missing": list(claim.missing()),
                    "verdict": verdict.verdict if verdict else None,
                    "run": verdict.run if verdict else None,
                }
            )
        click.echo(json.dumps({"claims": rows}))
        return
    for claim in CLAIMS:
        source = claim.source
        click.echo(f"{claim.id} ({source.venue} {source.year}), {claim.setting}")
        click.echo(f"  {claim.sentence}")
        click.echo(f"  holds if {claim.rule}")
        for sentence in claim.missing():
            click.echo(f"  missing: {sentence}")
        if claim.id in last:
            verdict = last[claim.id]
            click.echo(f"  last: {verdict.verdict}, {measured(verdict)}, run {verdict.run}")
        else:
            click.echo(f"  not measured yet; `riostat claims run {claim.id}` does it")
