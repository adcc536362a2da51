"""riostat store rebuild."""

import json
from pathlib import Path

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.store.opened import shown_progress
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="rebuild")
@click.option(
    "--disk",
    "disks",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path, file_okay=False),
    help="Disk of the store; name all of them where the store's directory itself is lost.",
)
@json_option
@settings_options("data", "store")
def command(settings: Settings, disks: tuple[Path, ...], *, as_json: bool) -> None:
    """Make the metadata anew from what stands on the disks.

    Opening a store does so by itself where the metadata is gone or damaged. What there was is kept
    beside it under another name. Nobody else may have the store open.
    """
    from riostat.store.store import Store  # needs numpy, which `--help` does not

    with shown_progress("scanning the disks", None) as progress:
        report = Store.rebuild(settings.store, disks, progress)
    if as_json:
        found = {
            "slots": report.slots,
            "objects": report.objects,
            "buckets": report.buckets,
            "damaged": report.damaged,
            "missing_disks": list(report.missing_disks),
        }
        click.echo(json.dumps(found))
        return
    click.echo(
        f"{report.slots} slots scanned: {report.objects} objects in {report.buckets} buckets, "
        f"{report.damaged} slots damaged"
    )
    for name in report.missing_disks:
        click.echo(f"riostat: The disk {name} is missing; it is scanned when it is back.", err=True)
