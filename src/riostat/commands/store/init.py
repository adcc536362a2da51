"""riostat store init."""

import json
from pathlib import Path

import click

from riostat.commands.options import json_option
from riostat.commands.runs.summary import show_bytes
from riostat.core.errors import DiskError

__all__ = ["command"]


@click.command(name="init")
@click.argument(
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the store's metadata, which is made.",
)
@click.option(
    "--disk",
    "disks",
    required=True,
    multiple=True,
    metavar="PATH[,capacity=200G][,bandwidth=180MB/s]",
    help="Directory that becomes a disk, with the space that it gives (default: its share of half "
    "of what is free) and its bandwidth, by which blocks are spread; give one for each disk. With "
    "`paced` and `seek=8ms` it serves at just that speed.",
)
@click.option(
    "--replication",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="Share of the blocks that have a second copy; below 1 a lost disk loses objects.",
)
@click.option(
    "--block",
    default="1MiB",
    show_default=True,
    metavar="SIZE",
    help="Size of a block, from 64KiB to 8MiB.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, (1 << 63) - 1),
    help="Seed of the placement [default: drawn at random].",
)
@json_option
def command(
    root: Path,
    disks: tuple[str, ...],
    *,
    replication: float,
    block: str,
    seed: int | None,
    as_json: bool,
) -> None:
    """Make a store on directories of any size and speed.

    Its space is set aside at once. The other commands find it by --store or RIOSTAT_STORE.
    """
    from riostat.store.specification import parse_bytes, parse_disk
    from riostat.store.store import Store  # needs numpy, which `--help` does not

    try:
        specifications = [parse_disk(text) for text in disks]
        block_bytes = parse_bytes(block)
    except DiskError as error:
        raise click.BadParameter(str(error), param_hint="--disk") from error
    except ValueError as error:
        raise click.BadParameter(f"{block!r} is no size.", param_hint="--block") from error
    with Store.create(
        root.absolute(),
        specifications,
        block_bytes=block_bytes,
        replication=replication,
        seed=seed,
    ) as store:
        status = store.status()
    if as_json:
        made = [{"name": disk.name, "capacity_bytes": disk.capacity_bytes} for disk in status.disks]
        click.echo(json.dumps({"store": status.uuid, "root": str(root.absolute()), "disks": made}))
        return
    total = sum(disk.capacity_bytes for disk in status.disks)
    click.echo(
        f"made a store of {len(status.disks)} disks with room for {show_bytes(total)} in {root}; "
        f"use it with --store {root}",
        err=True,
    )
