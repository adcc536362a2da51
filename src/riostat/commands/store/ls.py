"""riostat store ls."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.store.opened import object_json, opened_store
from riostat.core.settings import Settings
from riostat.core.text import printable

if TYPE_CHECKING:
    from riostat.store.store import Store

__all__ = ["command"]


@click.command(name="ls")
@click.argument(
    "place",
    metavar="[BUCKET[/PREFIX]]",
    default="",
    help="Bucket, and what the keys begin with; the buckets are listed where nothing is given.",
)
@click.option("--recursive", is_flag=True, help="List what is behind further slashes too.")
@json_option
@settings_options("data", "store")
def command(settings: Settings, place: str, *, recursive: bool, as_json: bool) -> None:
    """List buckets, or the objects of a bucket up to the next slash."""
    bucket, _, prefix = place.partition("/")
    with opened_store(settings.store) as store:
        if not bucket:
            _list_buckets(store, as_json=as_json)
            return
        delimiter = "" if recursive else "/"
        after: str | None = ""
        objects: list[dict[str, object]] = []
        prefixes: list[str] = []
        while after is not None:
            page = store.list(bucket, prefix=prefix, delimiter=delimiter, after=after)
            after = page.next_after
            if as_json:
                objects += [object_json(version) for version in page.objects]
                prefixes += page.prefixes
                continue
            for common in page.prefixes:
                click.echo(f"{'':>19} {'':>14} {printable(common)}")
            for version in page.objects:
                click.echo(
                    f"{_time(version.modified_ns)} {version.size:>14} {printable(version.key)}"
                )
    if as_json:
        click.echo(json.dumps({"bucket": bucket, "prefixes": prefixes, "objects": objects}))


def _list_buckets(store: "Store", *, as_json: bool) -> None:
    buckets = store.buckets()
    if as_json:
        listed = [{"name": b.name, "created_ns": b.created_ns} for b in buckets]
        click.echo(json.dumps({"buckets": listed}))
        return
    for bucket in buckets:
        click.echo(f"{_time(bucket.created_ns)} {bucket.name}")
    if not buckets:
        click.echo("There is no bucket yet; `riostat store put` makes one.", err=True)


def _time(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S}"
