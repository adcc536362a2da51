"""riostat store rm."""

import click

from riostat.commands.options import settings_options
from riostat.commands.store.opened import opened_store
from riostat.core.errors import ObjectNotFoundError
from riostat.core.settings import Settings
from riostat.core.text import printable

__all__ = ["command"]


@click.command(name="rm")
@click.argument(
    "places",
    nargs=-1,
    required=True,
    metavar="BUCKET[/KEY]...",
    help="Objects to remove, or buckets that are empty.",
)
@settings_options("data", "store")
def command(settings: Settings, places: tuple[str, ...]) -> None:
    """Remove objects and empty buckets, one after the other; what is removed does not come back."""
    with opened_store(settings.store) as store:
        for place in places:
            bucket, _, key = place.partition("/")
            if not key:
                store.delete_bucket(bucket)
            elif not store.delete(bucket, key):
                raise ObjectNotFoundError(
                    f"There is no object {printable(key)} in the bucket {printable(bucket)}; "
                    "`riostat store ls` lists those that there are."
                )
            click.echo(f"removed {printable(place)}", err=True)
