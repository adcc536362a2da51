"""riostat switch policy."""

import click

from riostat.commands.options import settings_options
from riostat.commands.switch.asking import ask_switch
from riostat.commands.switch.portoptions import POLICIES
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="policy")
@click.argument("name", metavar="NAME", help="Name of the port.")
@click.argument(
    "policy", metavar="POLICY", type=click.Choice(POLICIES), help="copy, map, map-batch or reuse."
)
@settings_options("data")
def command(settings: Settings, *, name: str, policy: str) -> None:
    """Change how the switch reaches the pages of a guest, while its traffic flows.

    The change is an event of the switch's run, so that what it cost can be read from there.
    """
    from riostat.switch.control import SetPolicy
    from riostat.switch.ports import Policy

    ask_switch(settings, SetPolicy(name, Policy(policy)))
