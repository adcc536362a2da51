"""Options that say how a port of a switch is to be."""

import click

__all__ = ["POLICIES", "mac_option", "policy_option", "queues_option"]

# As `riostat.switch.ports.Policy` has them; `--help` does not load the switch.
POLICIES = ("copy", "map", "map-batch", "reuse")

policy_option = click.option(
    "--policy",
    type=click.Choice(POLICIES),
    help="How guests' pages are reached [default: the configuration's, else reuse].",
)

mac_option = click.option(
    "--mac", metavar="MAC", help="The only address that the port may send from [default: any]."
)

queues_option = click.option(
    "--queues",
    "tap_queues",
    metavar="N",
    type=click.IntRange(1, 8),
    default=1,
    show_default=True,
    help="Queue pairs of a TAP device; a guest chooses its own.",
)
