"""riostat testbed list."""

import json

import click

from riostat.commands.options import json_option

__all__ = ["command"]


@click.command(name="list")
@json_option
def command(*, as_json: bool) -> None:
    """List the machines of this user that run."""
    from riostat.testbed.folders import PROCESSES_FILE
    from riostat.testbed.guest.machine import machine_folders
    from riostat.testbed.ownership import Owner

    rows = []
    for name, folder in machine_folders():
        if (folder / PROCESSES_FILE).exists():
            qemu = Owner.parse((folder / PROCESSES_FILE).read_text().split()[-1])
            assert qemu is not None
            rows.append({"name": name, "pid": qemu.pid, "folder": str(folder)})
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['name']}  QEMU {row['pid']}  {row['folder']}")
    if not rows:
        click.echo("No machine runs; `riostat testbed guest NAME` starts one.", err=True)
