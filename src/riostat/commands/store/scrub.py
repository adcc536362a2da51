"""riostat store scrub."""

import json

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.store.opened import opened_store, shown_progress
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="scrub")
@json_option
@settings_options("data", "store")
def command(settings: Settings, *, as_json: bool) -> int:
    """Verify every copy of every block, and repair what is wrong from the copy that is right.

    A running server may go on meanwhile; a scrub takes what its streams leave of the disks. The
    exit code is 1 when a block is lost.
    """
    with opened_store(settings.store) as store:
        status = store.status()
        total = round(status.object_bytes * (1 + status.replication))
        with shown_progress("verifying", total) as progress:
            report = store.scrub(progress)
    counts = {
        "blocks": report.blocks,
        "corrupt": report.corrupt,
        "repaired": report.repaired,
        "lost": report.lost,
        "unreachable": report.unreachable,
        "copied": report.copied,
    }
    if as_json:
        click.echo(json.dumps(counts))
    else:
        click.echo(
            f"{report.blocks} copies of blocks verified: {report.corrupt} corrupt, "
            f"{report.repaired} repaired, {report.lost} blocks lost, "
            f"{report.unreachable} on missing disks only, {report.copied} given a second copy"
        )
    return int(report.lost > 0)
