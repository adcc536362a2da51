"""riostat switch detach."""

import click

from riostat.commands.options import settings_options
from riostat.commands.switch.asking import ask_switch
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="detach")
@click.argument("name", metavar="NAME", help="Name of the port.")
@settings_options("data")
def command(settings: Settings, *, name: str) -> None:
    """Close a port of the running switch, while traffic flows between the others.

    Its guest's connection ends, every grant is given back, and its socket is removed.
    """
    from riostat.switch.control import Detach

    ask_switch(settings, Detach(name))
