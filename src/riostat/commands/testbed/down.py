"""riostat testbed down."""

import click

__all__ = ["command"]


@click.command(name="down")
@click.argument("name", metavar="NAME", help="Name of a machine that runs.")
def command(name: str) -> None:
    """End a machine, whoever started it, and remove what it had."""
    from riostat.testbed.guest.visiting import end_machine

    end_machine(name)
