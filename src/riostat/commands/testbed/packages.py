"""riostat testbed packages."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.runs.summary import show_bytes
from riostat.commands.testbed.progress import progress_line
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from riostat.testbed.packages.cache import PackageCache
    from riostat.testbed.packages.sets import PackageSet

__all__ = ["command"]


@click.command(name="packages")
@click.argument("names", metavar="[SET]...", nargs=-1, help="Sets to have in the cache.")
@click.option("--all", "wants_all", is_flag=True, help="Have every set in the cache.")
@click.option(
    "--update", is_flag=True, help="Look for newer versions; of every cached set without a name."
)
@click.option(
    "--from",
    "source",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Take the packages from the .deb files of a folder, and not by apt from the mirrors.",
)
@json_option
@settings_options("testbed")
def command(
    settings: Settings,
    *,
    names: tuple[str, ...],
    wants_all: bool,
    update: bool,
    source: Path | None,
    as_json: bool,
) -> None:
    """List the sets of packages that guests are made of, after putting some into the cache.

    Nothing is installed. What is in the cache needs no network any more; its folder
    packages/debs, copied to another machine, is a folder for --from there.
    """
    from riostat.testbed.folders import CacheFolder
    from riostat.testbed.packages.cache import PackageCache
    from riostat.testbed.packages.sets import PACKAGE_SETS

    for name in names:
        if name not in PACKAGE_SETS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(PACKAGE_SETS)}.")
    folder = CacheFolder(settings.testbed).packages
    with progress_line() as progress:
        cache = PackageCache(folder, source=source, progress=progress)
        wanted = [PACKAGE_SETS[name] for name in (PACKAGE_SETS if wants_all else names)]
        if update and not wanted:
            wanted = [one for one in PACKAGE_SETS.values() if cache.record(one) is not None]
        for one in wanted:
            if update:
                cache.update(one)
            else:
                cache.tree(one)
    _print(PackageCache(folder), list(PACKAGE_SETS.values()), as_json=as_json)


def _print(cache: "PackageCache", sets: "Sequence[PackageSet]", *, as_json: bool) -> None:
    rows = [_described(cache, one) for one in sets]
    if as_json:
        click.echo(json.dumps(rows))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("set", "in the cache", "packages", "size", "from"):
        table.add_column(heading, justify="right" if heading == "size" else "left")
    for row in rows:
        debs = row["packages"]
        if debs:
            size = show_bytes(sum(deb["size"] for deb in debs))
            table.add_row(row["name"], debs[0]["version"], str(len(debs)), size, row["origin"])
        else:
            table.add_row(row["name"], "no", "", "", "")
    Console(highlight=False).print(table)


def _described(cache: "PackageCache", one: "PackageSet") -> dict[str, Any]:
    record = cache.record(one)
    debs = () if record is None else record.debs
    return {
        "name": one.name,
        "origin": None if record is None else record.origin,
        "key": None if record is None else record.key,
        "packages": [
            {"name": deb.name, "version": deb.version, "sha256": deb.sha256, "size": deb.size}
            for deb in debs
        ],
    }
