"""riostat switch attach."""

import click

from riostat.commands.options import settings_options
from riostat.commands.switch.asking import ask_switch
from riostat.commands.switch.portoptions import mac_option, policy_option, queues_option
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="attach")
@click.argument("port", metavar="NAME=PLACE", help="vhost:SOCKET or tap:DEVICE, with its name.")
@policy_option
@mac_option
@queues_option
@click.option("--uplink", is_flag=True, help="The port leads to a network, not to a guest.")
@settings_options("data")
def command(
    settings: Settings,
    *,
    port: str,
    policy: str | None,
    mac: str | None,
    tap_queues: int,
    uplink: bool,
) -> None:
    """Open a port of the running switch, while traffic flows.

    A port with vhost:SOCKET waits there for the front end of a guest; with tap:DEVICE it is
    attached at once.
    """
    from msgspec.structs import replace

    from riostat.switch.configuration import parse_port
    from riostat.switch.control import Attach
    from riostat.switch.ports import Policy

    described = replace(
        parse_port(port),
        policy=None if policy is None else Policy(policy),
        mac=mac,
        queues=tap_queues,
        uplink=uplink,
    )
    described.check()
    ask_switch(settings, Attach(described))
