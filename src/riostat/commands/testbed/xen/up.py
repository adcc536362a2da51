"""riostat testbed xen up."""

import json
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.testbed.progress import progress_line
from riostat.commands.testbed.xen.hostoptions import DEFAULT_NAME, name_option
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.testbed.xen.host import XenHost

__all__ = ["command"]


@click.command(name="up")
@name_option
@click.option(
    "--domains",
    "count",
    metavar="N",
    type=click.IntRange(0, 8),
    default=1,
    show_default=True,
    help="How many domains run, called u1, u2 and so on.",
)
@click.option(
    "--memory",
    "memory_mib",
    metavar="MIB",
    type=click.IntRange(128, 16384),
    default=192,
    show_default=True,
    help="Memory of each domain.",
)
@click.option(
    "--dom0-memory",
    "dom0_memory_mib",
    metavar="MIB",
    type=click.IntRange(384, 16384),
    default=512,
    show_default=True,
    help="Memory of dom0.",
)
@click.option("--shared-memory", is_flag=True, help="Let other processes map the host's memory.")
@json_option
@settings_options("testbed")
def command(
    settings: Settings,
    *,
    name: str,
    count: int,
    memory_mib: int,
    dom0_memory_mib: int,
    shared_memory: bool,
    as_json: bool,
) -> None:
    """Start a Xen host in the background, with domains that run.

    The first host of a kind boots, which takes half a minute; later ones start from a snapshot of
    it. It runs until `riostat testbed xen down`.
    """
    from riostat.testbed.folders import CacheFolder
    from riostat.testbed.xen.specification import DomainSpecification, XenSpecification
    from riostat.testbed.xen.start import start_xen

    domains = tuple(
        DomainSpecification(name=f"u{number}", memory_mib=memory_mib)
        for number in range(1, count + 1)
    )
    specification = XenSpecification(
        dom0_memory_mib=dom0_memory_mib, domains=domains, shared_memory=shared_memory
    )
    with (
        progress_line() as progress,
        start_xen(
            specification,
            cache=CacheFolder(settings.testbed),
            name=name,
            owned=False,
            progress=progress,
        ) as host,
    ):
        described = _described(host)
    if as_json:
        click.echo(json.dumps(described))
        return
    more = "" if name == DEFAULT_NAME else f" --name {name}"
    click.echo(
        f"The Xen host {name} runs with {', '.join(['dom0', *(one.name for one in domains)])}; "
        f"end it with `riostat testbed xen down{more}`.",
        err=True,
    )


def _described(host: "XenHost") -> dict[str, object]:
    memory = host.memory
    return {
        "name": host.machine.name,
        "pid": host.pid,
        "domains": [domain.name for domain in host.domains()],
        "qmp": str(host.machine.folder / "qmp"),
        "memory": None if memory is None else str(memory),
    }
