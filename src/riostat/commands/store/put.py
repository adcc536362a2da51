"""riostat store put."""

import json
import mimetypes
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.store.opened import (
    OBJECT_HELP,
    object_json,
    opened_store,
    shown_progress,
    split_address,
)
from riostat.core.errors import BucketExistsError, StoreError
from riostat.core.settings import Settings

__all__ = ["command"]

_PIECE = 1 << 20


@click.command(name="put")
@click.argument(
    "source",
    type=click.Path(allow_dash=True, path_type=Path, dir_okay=False),
    help="File to store, or - for standard input.",
)
@click.argument("object", metavar="BUCKET/KEY", help=OBJECT_HELP)
@click.option(
    "--content-type",
    metavar="TYPE",
    help="Content type of the object [default: by the ending of its key].",
)
@json_option
@settings_options("data", "store")
def command(
    settings: Settings,
    source: Path,
    object: str,  # noqa: A002 - the name that the usage shows
    *,
    content_type: str | None,
    as_json: bool,
) -> None:
    """Store a file as an object, in place of the one that its key has; a new bucket is made.

    When the command ends without an error the object is on the disks.
    """
    bucket, key = split_address(object)
    guessed = mimetypes.guess_type(key)[0] or "application/octet-stream"
    with ExitStack() as stack:
        file, size = sys.stdin.buffer, None
        if str(source) != "-":
            try:
                file = stack.enter_context(source.open("rb"))
                size = source.stat().st_size
            except OSError as error:
                raise StoreError(
                    f"The file {source} cannot be read ({error.strerror}); name another."
                ) from error
        store = stack.enter_context(opened_store(settings.store))
        progress = stack.enter_context(shown_progress(f"storing {key}", size))
        if bucket not in {known.name for known in store.buckets()}:
            with suppress(BucketExistsError):  # somebody else may have made it just now
                store.create_bucket(bucket)
        upload = stack.enter_context(store.put(bucket, key, content_type=content_type or guessed))
        while piece := file.read(_PIECE):
            upload.write(piece)
            progress(len(piece))
        version = upload.commit()
    if as_json:
        click.echo(json.dumps(object_json(version)))
    else:
        click.echo(f"stored {bucket}/{key}: {version.size} bytes, MD5 {version.etag}", err=True)
