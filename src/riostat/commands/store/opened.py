"""The store that a command works on, and how it tells what it does meanwhile."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riostat.core.errors import StoreNameError
from riostat.core.text import printable

if TYPE_CHECKING:
    from riostat.store.objects import ObjectVersion
    from riostat.store.store import Store

__all__ = ["OBJECT_HELP", "object_json", "opened_store", "shown_progress", "split_address"]

OBJECT_HELP = "Bucket and key, with a slash between them."


@contextmanager
def opened_store(root: Path) -> "Iterator[Store]":
    """Open the store; says on standard error what is not as it should be."""
    from riostat.store.store import Store  # needs numpy, which `--help` does not

    with (
        shown_progress("scanning the disks", None) as progress,
        Store.open(root, progress=progress) as store,
    ):
        if store.rebuilt is not None:
            report = store.rebuilt
            click.echo(
                f"riostat: The metadata was made anew from the disks: {report.objects} objects in "
                f"{report.buckets} buckets.",
                err=True,
            )
        for disk in store.status().disks:
            if disk.reason:
                click.echo(f"riostat: {disk.reason}", err=True)
        yield store


@contextmanager
def shown_progress(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Give what counts progress, and shows it on a terminal from the first count on."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, visible=False)
        yield lambda count: progress.update(task, advance=count, visible=True)


def split_address(address: str) -> tuple[str, str]:
    """Return the bucket and the key of ``BUCKET/KEY``."""
    bucket, _, key = address.partition("/")
    if not bucket or not key:
        raise StoreNameError(
            f"{printable(address)!r} names no object; write BUCKET/KEY, as in films/intro.mp4."
        )
    return bucket, key


def object_json(version: "ObjectVersion") -> dict[str, object]:
    """Return an object as `--json` prints it."""
    return {
        "bucket": version.bucket,
        "key": version.key,
        "version": version.version,
        "size": version.size,
        "etag": version.etag,
        "content_type": version.content_type,
        "metadata": dict(version.metadata),
        "modified_ns": version.modified_ns,
        "blocks": version.blocks,
    }
