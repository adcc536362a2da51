"""Which Xen host a command is about, and which of its domains."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from riostat.testbed.xen.host import XenHost

__all__ = ["DEFAULT_NAME", "domain_option", "name_option", "visited_host"]

DEFAULT_NAME = "xen"

name_option = click.option(
    "--name", metavar="NAME", default=DEFAULT_NAME, show_default=True, help="Name of the host."
)
domain_option = click.option(
    "--domain",
    metavar="DOMAIN",
    default="Domain-0",
    show_default=True,
    help="Domain of the host, such as u1.",
)


@contextmanager
def visited_host(name: str) -> Iterator["XenHost"]:
    """Give a host that another process has started; raises `MachineError` without one."""
    from riostat.core.errors import MachineError
    from riostat.testbed.guest.machine import machine_folders
    from riostat.testbed.guest.visiting import visited
    from riostat.testbed.xen.host import XenHost

    if not machine_folders(name):
        raise MachineError(
            f"No Xen host called {name!r} runs; start one with `riostat testbed xen up`, or name "
            "another with --name."
        )
    with visited(name) as machine, XenHost(machine) as host:
        yield host
