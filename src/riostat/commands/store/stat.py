"""riostat store stat."""

import json
from datetime import UTC, datetime

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.store.opened import OBJECT_HELP, object_json, opened_store, split_address
from riostat.core.settings import Settings
from riostat.core.text import printable

__all__ = ["command"]


@click.command(name="stat")
@click.argument("object", metavar="BUCKET/KEY", help=OBJECT_HELP)
@json_option
@settings_options("data", "store")
def command(settings: Settings, object: str, *, as_json: bool) -> None:  # noqa: A002 - the name that the usage shows
    """Show what is known of an object."""
    with opened_store(settings.store) as store:
        version = store.stat(*split_address(object))
    if as_json:
        click.echo(json.dumps(object_json(version)))
        return
    modified = datetime.fromtimestamp(version.modified_ns / 1e9, UTC)
    click.echo(f"object    {version.bucket}/{printable(version.key)}")
    click.echo(f"size      {version.size} bytes in {version.blocks} blocks")
    click.echo(f"etag      {printable(version.etag)}")
    click.echo(f"type      {printable(version.content_type)}")
    click.echo(f"modified  {modified:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"version   {version.version}")
    for name, value in version.metadata.items():
        click.echo(f"metadata  {printable(name)}: {printable(value)}")
