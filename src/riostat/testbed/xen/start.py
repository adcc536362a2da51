"""Starting a Xen host: from a snapshot of one whose domains run, made where there is none."""

import os
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import resources

from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.machine import Machine, start_machine
from riostat.testbed.guest.snapshots import snapshot_key, warm_machine
from riostat.testbed.leftovers import sweep
from riostat.testbed.packages.cache import PackageCache
from riostat.testbed.xen.arguments import host_arguments
from riostat.testbed.xen.boot import bring_up
from riostat.testbed.xen.configuration import domain_configuration
from riostat.testbed.xen.host import XenHost, domain_port
from riostat.testbed.xen.images import XenImages, make_xen_images
from riostat.testbed.xen.specification import XenSpecification

__all__ = ["start_xen"]

_DEFAULT = XenSpecification()
_ANSWER_S = 60.0
_ENTROPY_BYTES = 64
# What is done to a machine from its start to its snapshot.
_PREPARING = ("boot.py", "configuration.py")


def start_xen(
    specification: XenSpecification = _DEFAULT,
    *,
    cache: CacheFolder,
    name: str = "",
    owned: bool = True,
    progress: Callable[[str], None] = lambda _words: None,
) -> XenHost:
    """Start a Xen host whose domains run and answer.

    Its name is made up where none is given. One that is not `owned` outlives this process.
    `progress` hears of what takes long: packages, images, and the first boot of such a host. Raises
    `MachineError` where the specification cannot be, or the host does not come up, and what
    packages and images raise.
    """
    specification.check()
    sweep()
    images = make_xen_images(cache, packages=PackageCache(cache.packages, progress=progress))
    arguments = host_arguments(specification, images)
    ports = [domain_port(domain.name) for domain in specification.domains]

    def start(more: Sequence[str]) -> Machine:
        if not more:  # it is for the snapshot alone, and goes with this process
            return start_machine(arguments, name=_made_up("boot"), ports=ports)
        return start_machine(
            [*arguments, *more], name=name or _made_up("xen"), ports=ports, owned=owned
        )

    def prepare(booted: Machine) -> None:
        host = XenHost(booted)
        try:
            bring_up(host, specification)
        finally:
            host.hang_up()

    machine = warm_machine(
        cache.snapshots / "xen" / _key(specification, images),
        start,
        prepare,
        progress=progress,
    )
    host = _awake(XenHost(machine), specification)
    if not owned:
        machine.release()
    return host


def _awake(host: XenHost, specification: XenSpecification) -> XenHost:
    """Return a restored host when its domains, which were asleep with it, know what time it is.

    Their random numbers are then others than those of domains from the same snapshot.
    """
    try:
        for domain in specification.domains:
            host.channel(domain.name).greet(
                _ANSWER_S, time_ns=time.time_ns(), entropy=os.urandom(_ENTROPY_BYTES)
            )
    except BaseException:
        host.hang_up()
        host.machine.end()
        raise
    return host


def _made_up(kind: str) -> str:
    return f"{kind}-{secrets.token_hex(3)}"


def _key(specification: XenSpecification, images: XenImages) -> str:
    """Return what stands for a host that is up; how its memory is kept makes no difference."""
    arguments = host_arguments(replace(specification, shared_memory=False), images)
    configurations = [
        domain_configuration(domain, index) for index, domain in enumerate(specification.domains)
    ]
    package = resources.files("riostat.testbed.xen")
    steps = [package.joinpath(name).read_text() for name in _PREPARING]
    return snapshot_key(arguments, images.key, *configurations, *steps)
