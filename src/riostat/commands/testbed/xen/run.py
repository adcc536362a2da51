"""riostat testbed xen run."""

import click

from riostat.commands.testbed.run import command_of, passed_on, standard_input
from riostat.commands.testbed.xen.hostoptions import domain_option, name_option, visited_host

__all__ = ["command"]


@click.command(name="run", context_settings={"allow_interspersed_args": False})
@click.argument(
    "words",
    metavar="COMMAND...",
    nargs=-1,
    required=True,
    type=click.UNPROCESSED,
    help="Program and its arguments, or one text for a shell.",
)
@domain_option
@name_option
@click.option("-i", "--input", "takes_input", is_flag=True, help="Pass on standard input.")
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0.001),
    default=600.0,
    show_default=True,
    help="Longest time, after which the command is killed.",
)
def command(
    words: tuple[str, ...], *, domain: str, name: str, takes_input: bool, timeout_s: float
) -> int:
    """Run a command in dom0, or in a domain, of the Xen host.

    Options come before COMMAND. Output and exit status are passed on as by `riostat testbed run`.
    """
    data = standard_input() if takes_input else b""
    with visited_host(name, domain) as host:
        return passed_on(host.run(command_of(words), domain=domain, timeout_s=timeout_s, data=data))
