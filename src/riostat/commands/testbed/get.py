"""riostat testbed get."""

from pathlib import Path

import click

from riostat.core.errors import MachineError

__all__ = ["command"]


@click.command(name="get")
@click.argument("name", metavar="NAME", help="Name of a guest that runs.")
@click.argument("source", metavar="PATH", help="Path of a file in the guest.")
@click.argument(
    "target", metavar="FILE", type=click.Path(path_type=Path), help="File of this machine."
)
def command(name: str, source: str, target: Path) -> None:
    """Copy a file out of a guest, with its mode."""
    from riostat.core.wholefile import write_whole
    from riostat.testbed.guest.visiting import visited

    with visited(name) as machine:
        fetched = machine.channel.get(source)
    try:
        write_whole(target, fetched.content)
        target.chmod(fetched.mode & 0o777)
    except OSError as error:
        raise MachineError(
            f"The file {target} cannot be written ({error.strerror}); choose another place."
        ) from error
