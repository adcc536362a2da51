"""riostat testbed put."""

from pathlib import Path

import click

__all__ = ["command"]


@click.command(name="put")
@click.argument("name", metavar="NAME", help="Name of a guest that runs.")
@click.argument(
    "source", metavar="FILE", type=click.Path(path_type=Path), help="File of this machine."
)
@click.argument("target", metavar="PATH", help="Its path in the guest.")
def command(name: str, source: Path, target: str) -> None:
    """Copy a file into a guest, with its mode."""
    from riostat.testbed.guest.visiting import visited

    with visited(name) as machine:
        machine.channel.put(source, target)
