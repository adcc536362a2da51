"""Bringing a Xen host up: from a machine that was switched on to domains that answer."""

import shlex
import time

from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.testbed.xen.configuration import (
    AGENT_PORT,
    BRIDGE_ADDRESS,
    domain_address,
    domain_configuration,
)
from riostat.testbed.xen.host import XenHost, domain_port
from riostat.testbed.xen.specification import XenSpecification

__all__ = ["await_domain", "bring_up"]

_BOOT_S = 240.0
_LOOK_S = 3.0
_LAST_LINES = 16  # as many as a panic has from its reason on
_VIRTIO_PORTS = "/sys/class/virtio-ports"
_DESTROYED = "destroyed"
_GONE = {"crashed", "shut down", "dying", _DESTROYED}


def bring_up(host: XenHost, specification: XenSpecification) -> None:
    """Wait for dom0, start its daemons and the domains, and wait until each domain answers.

    Raises `MachineError` with the words of what failed, or with the last lines of the console of
    the domain that did not come up, and `MachineTimeoutError` where nothing more is heard.
    """
    host.machine.channel.greet(_BOOT_S)
    started = host.run(["sh", "/riostat/dom0.sh", BRIDGE_ADDRESS])
    if started.returncode != 0:
        raise MachineError(
            f"dom0 does not become ready ({started.stderr.decode(errors='replace').strip()}); "
            f"start the host anew.{host.machine.diagnosis()}"
        )
    places = [
        f"{domain_port(domain.name)}={domain_address(index)}:{AGENT_PORT}"
        for index, domain in enumerate(specification.domains)
    ]
    relay = shlex.join(["python3", "-I", "-S", "/riostat/relay.py", _VIRTIO_PORTS, *places])
    host.run(f"setsid {relay} </dev/null >/dev/console 2>&1 &")
    for index, domain in enumerate(specification.domains):
        host.create(domain_configuration(domain, index))
    for domain in specification.domains:
        await_domain(host, domain.name)


def await_domain(host: XenHost, name: str) -> None:
    """Wait until a domain answers, for as long as it lives.

    Raises `MachineError` with the last lines of its console where it has crashed or ended.
    """
    end_s = time.monotonic() + _BOOT_S
    while True:
        try:
            host.channel(name).greet(_LOOK_S)
        except MachineTimeoutError:
            states = {found.name: found.state for found in host.domains()}
            state = states.get(name, _DESTROYED)
            if state in _GONE:
                lines = "\n  ".join(["", *host.console(name, count=_LAST_LINES)])
                raise MachineError(
                    f"The domain {name} does not come up, it is {state}; correct what its "
                    f"kernel is told.\nIts console ends with:{lines}"
                ) from None
            if time.monotonic() > end_s:
                raise
        else:
            return
