"""riostat testbed list."""

import json

import click

from riostat.commands.options import json_option

__all__ = ["command"]


@click.command(name="list")
@json_option
def command(*, as_json: bool) -> None:
    """List the machines of this user: those that run, and those that ended by themselves.

    What has ended says why to `riostat testbed run`, until `riostat testbed down`.
    """
    from riostat.testbed.folders import PROCESSES_FILE
    from riostat.testbed.guest.machine import machine_folders, running_qemu

    rows: list[dict[str, str | int | None]] = []
    for name, folder in machine_folders():
        if (folder / PROCESSES_FILE).exists():
            qemu = running_qemu(folder)
            pid = None if qemu is None else qemu.pid
            rows.append({"name": name, "pid": pid, "folder": str(folder)})
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        stands = f"QEMU {row['pid']}" if row["pid"] else "has ended"
        click.echo(f"{row['name']}  {stands}  {row['folder']}")
    if not rows:
        click.echo("No machine runs; `riostat testbed guest NAME` starts one.", err=True)
