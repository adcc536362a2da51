"""riostat testbed xen down."""

import click

from riostat.commands.testbed.xen.hostoptions import name_option

__all__ = ["command"]


@click.command(name="down")
@name_option
def command(*, name: str) -> None:
    """End a Xen host, whoever started it, and remove what it had."""
    from riostat.testbed.guest.visiting import end_machine

    end_machine(name)
