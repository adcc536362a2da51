"""riostat store status."""

import json
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.runs.summary import show_bytes
from riostat.commands.store.opened import opened_store
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.store.status import StoreStatus

__all__ = ["command"]


@click.command(name="status")
@json_option
@settings_options("data", "store")
def command(settings: Settings, *, as_json: bool) -> None:
    """Show the disks with what they hold, and how much the store holds altogether."""
    with opened_store(settings.store) as store:
        status = store.status()
    if as_json:
        click.echo(json.dumps(_json(status)))
        return
    click.echo(
        f"{status.objects} objects of {show_bytes(status.object_bytes)} in {status.buckets} "
        f"buckets; blocks of {show_bytes(status.block_bytes)}, {status.replication:.0%} of them "
        "with a second copy"
    )
    width = max(len(disk.name) for disk in status.disks)
    click.echo(f"{'disk':<{width}} state    {'used':>9} {'capacity':>9}      %  {'bandwidth':>11}")
    for disk in status.disks:
        bandwidth = f"{show_bytes(disk.bandwidth_bps)}/s" if disk.bandwidth_bps else "-"
        click.echo(
            f"{disk.name:<{width}} {disk.state:<8} {show_bytes(disk.used_bytes):>9} "
            f"{show_bytes(disk.capacity_bytes):>9} {disk.used_bytes / disk.capacity_bytes:>6.1%}  "
            f"{bandwidth:>11}"
        )


def _json(status: "StoreStatus") -> dict[str, object]:
    return {
        "store": status.uuid,
        "block_bytes": status.block_bytes,
        "replication": status.replication,
        "buckets": status.buckets,
        "objects": status.objects,
        "object_bytes": status.object_bytes,
        "disks": [
            {
                "name": disk.name,
                "path": disk.path,
                "state": disk.state,
                "reason": disk.reason,
                "capacity_bytes": disk.capacity_bytes,
                "used_bytes": disk.used_bytes,
                "bandwidth_bps": disk.bandwidth_bps,
            }
            for disk in status.disks
        ],
    }
