"""riostat testbed clean."""

import json

import click

from riostat.commands.options import json_option

__all__ = ["command"]


@click.command(name="clean")
@json_option
def command(*, as_json: bool) -> int:
    """Remove what testbeds have left whose owner is dead, as after SIGKILL.

    Each start of a machine, a network or a disk does so too. What a living process owns stays, and
    so does what bears no mark of the testbed.
    """
    from riostat.testbed.leftovers import sweep

    found = sweep()
    if as_json:
        rows = [
            {"kind": one.kind, "path": str(one.path), "problem": one.problem or None}
            for one in found
        ]
        click.echo(json.dumps(rows))
    else:
        for one in found:
            click.echo(
                f"{one.kind} {one.path} stays: {one.problem}"
                if one.problem
                else f"removed {one.kind} {one.path}"
            )
        if not found:
            click.echo("Nothing was left behind.", err=True)
    return int(any(one.problem for one in found))
