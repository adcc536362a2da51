"""riostat testbed xen put."""

from pathlib import Path

import click

from riostat.commands.testbed.xen.hostoptions import domain_option, name_option, visited_host

__all__ = ["command"]


@click.command(name="put")
@click.argument(
    "source", metavar="FILE", type=click.Path(path_type=Path), help="File of this machine."
)
@click.argument("target", metavar="PATH", help="Its path in dom0 or in the domain.")
@domain_option
@name_option
def command(source: Path, target: str, *, domain: str, name: str) -> None:
    """Copy a file, with its mode, into dom0 or into a domain of the Xen host."""
    with visited_host(name, domain) as host:
        host.put(source, target, domain=domain)
