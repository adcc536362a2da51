"""riostat store url."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import click

from riostat.commands.options import settings_options
from riostat.core.errors import StoreError
from riostat.core.settings import Settings

__all__ = ["command"]

_DAY_S = 86400


@click.command(name="url")
@click.argument("object_path", metavar="BUCKET/KEY", help="The object that the address is for.")
@click.option(
    "--expires",
    metavar="SECONDS",
    type=click.IntRange(1, 7 * _DAY_S),
    default=3600,
    show_default=True,
    help="How long the address is good.",
)
@click.option(
    "--method",
    type=click.Choice(["GET", "PUT"]),
    default="GET",
    show_default=True,
    help="What can be done with it.",
)
@settings_options("data", "store")
def command(settings: Settings, *, object_path: str, expires: int, method: str) -> None:
    """Print an address by which anybody can read or write one object for a while.

    The store must be served. Whoever has the address needs no keys: give it to curl, a player or
    a page.
    """
    from riostat.store.s3.credentials import load_credentials
    from riostat.store.s3.percent import encoded_path
    from riostat.store.s3.signatures import Head, presigned_query
    from riostat.store.serverstatus import read_status

    bucket, _, key = object_path.partition("/")
    if not bucket or not key:
        raise click.UsageError(f"{object_path!r} is no BUCKET/KEY.")
    status = read_status(settings.store)
    if status is None:
        raise StoreError(
            f"The store in {settings.store} is not served; start `riostat store serve` first."
        )
    path = encoded_path(f"/{bucket}/{key}".encode().replace(b"%", b"%25"))
    host = urlsplit(status.address).netloc
    head = Head(method, path.encode(), b"", [(b"host", host.encode())])
    query = presigned_query(
        load_credentials(settings.store),
        head,
        now=datetime.now(UTC),
        expires=timedelta(seconds=expires),
    )
    click.echo(f"{status.address}{path}?{query}")
