"""riostat store get."""

import sys
from pathlib import Path

import click

from riostat.commands.options import settings_options
from riostat.commands.store.opened import (
    OBJECT_HELP,
    opened_store,
    shown_progress,
    split_address,
)
from riostat.core.errors import StoreError
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="get")
@click.argument("object", metavar="BUCKET/KEY", help=OBJECT_HELP)
@click.argument(
    "target",
    type=click.Path(allow_dash=True, path_type=Path, dir_okay=False),
    help="File to write, or - for standard output.",
)
@settings_options("data", "store")
def command(settings: Settings, object: str, target: Path) -> None:  # noqa: A002 - the name that the usage shows
    """Write an object to a file, verified block by block.

    The file appears when it is whole; one of that name is replaced.
    """
    bucket, key = split_address(object)
    with opened_store(settings.store) as store:
        version = store.stat(bucket, key)
        with shown_progress(f"reading {key}", version.size) as progress:
            if str(target) == "-":
                for piece in store.read(version):
                    sys.stdout.buffer.write(piece)
                    progress(len(piece))
                sys.stdout.buffer.flush()
                return
            partial = target.with_name(f".{target.name}.partial")
            try:
                with partial.open("wb") as file:
                    for piece in store.read(version):
                        file.write(piece)
                        progress(len(piece))
                partial.replace(target)
            except OSError as error:
                raise StoreError(
                    f"The file {target} cannot be written ({error.strerror}); choose another."
                ) from error
            finally:
                partial.unlink(missing_ok=True)
    click.echo(f"wrote {target}: {version.size} bytes", err=True)
