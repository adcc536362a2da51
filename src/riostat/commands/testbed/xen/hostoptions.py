"""Which Xen host a command is about, and which of its domains."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from riostat.testbed.xen.host import XenHost

__all__ = ["DEFAULT_NAME", "domain_option", "name_option", "visited_host"]

DEFAULT_NAME = "xen"
_DOM0 = "Domain-0"  # what xl calls it

name_option = click.option(
    "--name", metavar="NAME", default=DEFAULT_NAME, show_default=True, help="Name of the host."
)
domain_option = click.option(
    "--domain",
    metavar="DOMAIN",
    default=_DOM0,
    show_default=True,
    help="Domain of the host, such as u1.",
)


@contextmanager
def visited_host(name: str, domain: str = _DOM0) -> Iterator["XenHost"]:
    """Give a host that another process has started; raises `MachineError` without one.

    A domain has one channel, so whoever is to use one waits until no other terminal does.
    """
    from riostat.core.errors import MachineError
    from riostat.testbed.guest.machine import machine_folders
    from riostat.testbed.guest.visiting import visited
    from riostat.testbed.xen.host import XenHost

    if not machine_folders(name):
        raise MachineError(
            f"No Xen host called {name!r} runs; start one with `riostat testbed xen up`, or name "
            "another with --name."
        )
    with visited(name) as machine, XenHost(machine) as host, ExitStack() as stack:
        if domain != _DOM0:
            lock = stack.enter_context((machine.folder / "domains.lock").open("wb"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield host
