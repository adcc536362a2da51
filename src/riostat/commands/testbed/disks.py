"""riostat testbed disks."""

import json
import os
import select
import sys
from pathlib import Path

import click

from riostat.commands.options import json_option
from riostat.commands.switch.ending import Ending
from riostat.testbed.disks import BACKING_FOLDER, UnequalDisks

__all__ = ["command"]


@click.command(name="disks")
@click.option(
    "--set",
    "speeds",
    metavar="SPEED,...",
    required=True,
    help="A disk for each speed, in MB/s, as in 10,10,20,40,80,80.",
)
@click.option(
    "--size",
    metavar="SIZE",
    default="1GiB",
    show_default=True,
    help="Size of each disk; what is not written takes no room.",
)
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=BACKING_FOLDER,
    show_default=True,
    help="Directory, on a disk faster than all of these together, for the files behind them.",
)
@click.argument(
    "program",
    metavar="[-- COMMAND...]",
    nargs=-1,
    type=click.UNPROCESSED,
    help="Program to run on the disks, which it finds as $DISKS/disk1 and so on.",
)
@json_option
def command(
    *, speeds: str, size: str, folder: Path, program: tuple[str, ...], as_json: bool
) -> int:
    """Make disks of unequal speed out of files, for as long as COMMAND runs, or until Ctrl-C.

    Each is a loop device with an ext4 file system, and a cgroup bounds what COMMAND reads and
    writes of it; other programs are not bounded. Needs root. What a program writes without
    O_DIRECT or fsync goes to the page cache first, and version 1 of cgroups does not bound what
    the kernel writes from there later.
    """
    megabytes_per_s, size_bytes = _speeds(speeds), _size(size)
    with Ending() as ending:
        with UnequalDisks(megabytes_per_s, size_bytes=size_bytes, folder=folder) as disks:
            if program:
                return _run(disks, program, ending.descriptor)
            _show(disks, as_json=as_json)
            select.select([ending.descriptor], [], [])
        click.echo("The disks are gone.", err=True)
    return 0


def _speeds(text: str) -> list[float]:
    try:
        return [float(speed) for speed in text.split(",")]
    except ValueError as error:
        raise click.BadParameter(
            f"{text!r} is no list of speeds, as in 10,20,80.", param_hint="--set"
        ) from error


def _size(text: str) -> int:
    from riostat.store.specification import parse_bytes

    try:
        return parse_bytes(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no size.", param_hint="--size") from error


def _run(disks: UnequalDisks, program: tuple[str, ...], ending: int) -> int:
    """Run a program bounded; return its exit code, as a shell does."""
    environment = os.environ | {"DISKS": str(disks.folder)}
    with disks.start(*program, env=environment) as process:
        descriptor = os.pidfd_open(process.pid)
        try:
            ready, _, _ = select.select([descriptor, ending], [], [])
            if descriptor not in ready:
                process.terminate()
        finally:
            os.close(descriptor)
        code = process.wait()
    return code if code >= 0 else 128 - code


def _show(disks: UnequalDisks, *, as_json: bool) -> None:
    rows = [
        {"path": str(path), "device": str(device), "bytes_per_s": round(speed * 1e6)}
        for path, device, speed in zip(
            disks.paths, disks.devices, disks.megabytes_per_s, strict=True
        )
    ]
    if as_json:
        entrance = str(disks.entrance)
        click.echo(json.dumps({"disks": rows, "cgroup_procs": entrance, "direct": disks.direct}))
        sys.stdout.flush()
        return
    for row, speed in zip(rows, disks.megabytes_per_s, strict=True):
        click.echo(f"{row['path']}  {row['device']}  {speed:g} MB/s")
    sys.stdout.flush()
    if not disks.direct:
        click.echo("Their files are read and written through the page cache.", err=True)
    click.echo(
        f"Bound a shell, and what it starts, by `echo $$ > {disks.entrance}`; "
        "Ctrl-C removes the disks.",
        err=True,
    )
