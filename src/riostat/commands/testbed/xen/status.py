"""riostat testbed xen status."""

import json
from dataclasses import asdict

import click

from riostat.commands.options import json_option
from riostat.commands.testbed.xen.hostoptions import name_option, visited_host

__all__ = ["command"]


@click.command(name="status")
@name_option
@json_option
def command(*, name: str, as_json: bool) -> None:
    """Show the domains of the Xen host: memory, state, and CPU time used."""
    with visited_host(name) as host:
        domains = host.domains()
    if as_json:
        click.echo(json.dumps({"name": name, "domains": [asdict(domain) for domain in domains]}))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("domain", "number", "MiB", "vCPUs", "state", "CPU s"):
        table.add_column(heading, justify="left" if heading in {"domain", "state"} else "right")
    for domain in domains:
        table.add_row(
            domain.name,
            str(domain.number),
            str(domain.memory_mib),
            str(domain.vcpus),
            domain.state,
            f"{domain.cpu_s:.1f}",
        )
    Console(highlight=False, markup=False).print(table)
