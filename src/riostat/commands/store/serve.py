"""riostat store serve."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from riostat.commands.options import json_option, settings_options
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.runs import RunDirectory
from riostat.core.segments import Retention
from riostat.core.seriesfile import SeriesFile
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="serve")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; what passes is not encrypted, so another than loopback needs a "
    "network that you trust.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8181,
    show_default=True,
    help="TCP port to listen on; 0 takes a free one.",
)
@click.option(
    "--public-read",
    "public_buckets",
    metavar="BUCKET",
    multiple=True,
    help="Let everybody who can connect read the objects of this bucket; may be given again.",
)
@click.option(
    "--cache-bytes",
    metavar="BYTES",
    type=click.IntRange(0, 1 << 40),
    default=256 << 20,
    show_default=True,
    help="Memory for blocks that were read and verified.",
)
@click.option(
    "--run",
    "run",
    metavar="RUN",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Directory of a run to write the counters into [default: a new run].",
)
@json_option
@settings_options("data", "store", "keep_seconds", "keep_bytes")
def command(
    settings: Settings,
    *,
    host: str,
    port: int,
    public_buckets: Sequence[str],
    cache_bytes: int,
    run: Path | None,
    as_json: bool,
) -> None:
    """Serve the store by S3 and plain HTTP, until Ctrl-C.

    Requests are signed with the keys in the file `credentials` of the store's directory, which is
    made at the first start; `riostat store url` makes an address that needs none for a while.
    """
    from riostat.store.server import ServerOptions, serve
    from riostat.store.store import Store

    data = DataDirectory(settings.data)
    data.make()
    options = ServerOptions(host, port, frozenset(public_buckets), data.kernels)

    def ready(address: str) -> None:
        if as_json:
            state = {"state": "serving", "address": address, "pid": os.getpid()}
            click.echo(json.dumps(state))
        else:
            click.echo(f"The store in {settings.store} is served at {address}; Ctrl-C ends it.")
        sys.stdout.flush()

    with (
        Store.open(settings.store, cache_bytes=cache_bytes) as store,
        _series(data, settings, run) as series,
    ):
        serve(store, options, series=series, ready=ready)
    click.echo("The store is no longer served.", err=True)


@contextmanager
def _series(data: DataDirectory, settings: Settings, run: Path | None) -> Iterator[SeriesFile]:
    if run is None:
        _, run = RunDirectory(data.runs).create(
            command=("riostat", "store", "serve"), clock=SYSTEM_CLOCK, rolling=True
        )
    retention = Retention(settings.keep_seconds, settings.keep_bytes)
    with SeriesFile(run, "store", retention, SYSTEM_CLOCK) as series:
        yield series
