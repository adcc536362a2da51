"""riostat testbed guest."""

import os
import select
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from riostat.commands.options import settings_options
from riostat.commands.switch.ending import Ending
from riostat.commands.testbed.imageoptions import image_options
from riostat.commands.testbed.progress import progress_line
from riostat.commands.testbed.run import passed_on
from riostat.core.errors import MachineError
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.testbed.guest.guest import Guest
    from riostat.testbed.image.specification import ImageSpecification

__all__ = ["command"]


@click.command(name="guest")
@click.argument("name", metavar="NAME", help="Name of the guest, also inside.")
@click.option("--cpus", metavar="N", type=int, default=1, show_default=True, help="Its CPUs.")
@click.option(
    "--memory",
    "memory_mib",
    metavar="MIB",
    type=int,
    default=192,
    show_default=True,
    help="Its memory in MiB; with Python it needs 192.",
)
@click.option(
    "--net",
    "networks",
    metavar="PLACE",
    multiple=True,
    help="Network device: vhost:SOCKET of a switch, tap:DEVICE or dgram:LOCAL,REMOTE; then any of "
    ",address=IP/BITS ,mac=MAC ,queues=N ,namespace=NAME.",
)
@click.option(
    "--shared-memory", is_flag=True, help="Put its memory into a file that others can map."
)
@click.option("--cold", is_flag=True, help="Boot it, without a snapshot.")
@click.option("--run", "text", metavar="COMMAND", help="Run a command in it, and end with that.")
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0.001),
    default=600.0,
    show_default=True,
    help="Longest time for --run.",
)
@click.option("--detach", is_flag=True, help="Leave it running, until `riostat testbed down`.")
@image_options
@settings_options("testbed")
def command(
    settings: Settings,
    *,
    specification: "ImageSpecification",
    name: str,
    cpus: int,
    memory_mib: int,
    networks: tuple[str, ...],
    shared_memory: bool,
    cold: bool,
    text: str | None,
    timeout_s: float,
    detach: bool,
) -> int:
    """Start a guest, which ends with this command: on Ctrl-C, or when COMMAND has ended.

    Other terminals reach it by its name: `riostat testbed run NAME COMMAND`. The first start
    downloads packages, makes an image and boots it; later ones take a second.
    """
    from riostat.testbed.guest.networks import parse_network

    if detach and text is not None:
        raise click.UsageError("--detach and --run exclude each other.")
    described = {
        "cpus": cpus,
        "memory_mib": memory_mib,
        "networks": tuple(map(parse_network, networks)),
        "shared_memory": shared_memory,
    }
    with _started(
        settings, specification, name, described, warm=not cold, owned=not detach
    ) as guest:
        if text is not None:
            return passed_on(guest.run(text, timeout_s=timeout_s))
        if detach:
            _say(name, f"`riostat testbed down {name}`")
        else:
            _wait(guest)
    return 0


def _started(
    settings: Settings,
    image: "ImageSpecification",
    name: str,
    described: Mapping[str, Any],
    *,
    warm: bool,
    owned: bool,
) -> "Guest":
    from riostat.testbed.folders import CacheFolder
    from riostat.testbed.guest.guest import QEMU, GuestSpecification, start_guest
    from riostat.testbed.guest.machine import require_qemu
    from riostat.testbed.image.image import make_image
    from riostat.testbed.packages.cache import PackageCache

    require_qemu(QEMU)  # before packages are downloaded
    cache = CacheFolder(settings.testbed)
    with progress_line() as progress:
        packages = PackageCache(cache.packages, progress=progress)
        return start_guest(
            GuestSpecification(image=make_image(image, cache, packages=packages), **described),
            cache=cache,
            name=name,
            warm=warm,
            owned=owned,
            progress=progress,
        )


def _say(name: str, ending: str) -> None:
    click.echo(
        f"The guest {name} runs; `riostat testbed run {name} COMMAND` runs a command in it, "
        f"{ending} ends it.",
        err=True,
    )


def _wait(guest: "Guest") -> None:
    """Return at an ending signal; raises `MachineError` where the guest ends before."""
    with Ending() as ending:
        _say(guest.name, "Ctrl-C")
        try:
            ended = os.pidfd_open(guest.machine.pid)
        except ProcessLookupError:
            ready: list[int] = []
        else:
            try:
                ready, _, _ = select.select([ending.descriptor, ended], [], [])
            finally:
                os.close(ended)
        if ending.descriptor not in ready:
            raise MachineError(f"The guest {guest.name} has ended.{guest.machine.diagnosis()}")
