"""riostat testbed doctor."""

from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.runs.summary import show_bytes
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.testbed.capability import Diagnosis

__all__ = ["command"]


@click.command(name="doctor")
@json_option
@settings_options("testbed")
def command(settings: Settings, *, as_json: bool) -> None:
    """Say what of the testbed this machine can run, and what would add the rest.

    Nothing is changed, and no root is needed. Each row says how something works, or what is in the
    way; where a Debian package would help, it is named.
    """
    import msgspec

    from riostat.testbed.capability import diagnose
    from riostat.testbed.folders import CacheFolder

    diagnosis = diagnose(CacheFolder(settings.testbed))
    if as_json:
        click.echo(msgspec.json.encode(diagnosis).decode())
    else:
        _print(diagnosis)


def _print(diagnosis: "Diagnosis") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("", "works", "how, or why not", "install"):
        table.add_column(heading)
    for one in diagnosis.capabilities:
        works = Text("yes", "green") if one.works else Text("no", "red")
        table.add_row(one.name, works, Text(one.words), " ".join(one.packages))
    console.print(table)
    cache = diagnosis.cache
    sets = ", ".join(cache.sets) or "no packages"
    console.print(Text(f"QEMU: {diagnosis.qemu or 'none'}"))
    console.print(Text(f"Cache: {cache.folder}, {show_bytes(cache.bytes)}, with {sets}"))
