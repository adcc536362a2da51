"""Network devices put into a guest that runs, and set up inside.

A guest starts without any: so one snapshot serves for every network, and for vhost-user at all,
whose device cannot be saved without its back end.
"""

import shlex
from collections.abc import Sequence
from typing import Any

from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.core.text import printable
from riostat.testbed.guest.machine import Machine
from riostat.testbed.guest.networks import Datagram, Network, Tap, VhostUser, new_mac

__all__ = ["SLOTS", "plug", "slot_arguments"]

SLOTS = 4
_WAIT_S = 20
# QEMU before 8.0 crashes without KVM when a vhost-user device uses MSI-X: it unmasks vectors
# through an array of irqfds that does not exist. Without vectors it uses an interrupt line.
_MSI_X_VERSION = 8


def slot_arguments() -> list[str]:
    """Return QEMU's arguments for the ports of PCI Express that devices are plugged into."""
    arguments = []
    for number in range(SLOTS):
        port = f"pcie-root-port,id=slot{number},chassis={number + 1},slot={number + 1}"
        arguments += ["-device", port]
    return arguments


def plug(machine: Machine, networks: Sequence[Network], *, first: int, is_emulated: bool) -> None:
    """Put a device for each network into the slots from `first` on, and set them up inside.

    Raises `MachineError` where QEMU refuses, or a device does not appear in the guest.
    """
    if first + len(networks) > SLOTS:
        raise MachineError(f"A guest has at most {SLOTS} network devices; plug fewer.")
    script = ["set -e"]
    for slot, network in enumerate(networks, first):
        network.check()
        mac = network.mac or new_mac()
        queues = 1 if isinstance(network, Datagram) else network.queues
        device: dict[str, Any] = {"mac": mac, "bus": f"slot{slot}", "romfile": ""}
        if queues > 1:
            device |= {"mq": True, "vectors": 2 * queues + 2}
        if isinstance(network, VhostUser) and is_emulated and _major(machine) < _MSI_X_VERSION:
            device["vectors"] = 0
        _add_backend(machine, network, f"net{slot}")
        machine.qmp.execute(
            "device_add", driver="virtio-net-pci", id=f"device{slot}", netdev=f"net{slot}", **device
        )
        script.append(_set_up(mac, network.address))
    finished = machine.channel.run("\n".join(script), timeout_s=_WAIT_S)
    if finished.returncode != 0:
        words = finished.stderr.decode(errors="replace").strip()
        raise MachineError(
            f"The network of machine {machine.name} cannot be set up ({words!a}); see that its "
            f"image has virtio_net and its addresses are right.{machine.diagnosis()}"
        )


def _add_backend(machine: Machine, network: Network, name: str) -> None:
    qmp = machine.qmp
    match network:
        case VhostUser():
            address = {"type": "unix", "data": {"path": str(network.socket)}}
            qmp.execute(
                "chardev-add",
                id=f"switch-{name}",
                backend={
                    "type": "socket",
                    "data": {"addr": address, "server": False, "reconnect": 1},
                },
            )
            try:
                qmp.execute(
                    "netdev_add",
                    type="vhost-user",
                    id=name,
                    chardev=f"switch-{name}",
                    queues=network.queues,
                )
            except (
                MachineTimeoutError
            ) as error:  # QEMU waits for the back end, and for nothing else
                raise MachineTimeoutError(
                    f"No switch answers the machine {machine.name} at the socket "
                    f"{printable(str(network.socket))}; see that one listens there."
                ) from error
        case Tap():
            several = {"queues": network.queues} if network.queues > 1 else {}
            qmp.execute(
                "netdev_add",
                type="tap",
                id=name,
                ifname=network.device,
                script="no",
                downscript="no",
                **several,
            )
        case Datagram():
            machine.remove_at_end(network.local)
            qmp.execute(
                "netdev_add",
                type="dgram",
                id=name,
                local={"type": "unix", "path": str(network.local)},
                remote={"type": "unix", "path": str(network.remote)},
            )


def _set_up(mac: str, address: str) -> str:
    """Return what a guest's shell does with a device that is about to appear."""
    add = f"ip address add {shlex.quote(address)} dev $device\n" if address else ""
    return (
        f"tries=0\n"
        f"until file=$(grep -l {mac} /sys/class/net/*/address 2>/dev/null); do\n"
        f"tries=$((tries + 1)); [ $tries -lt 1000 ] || {{ echo no device appears >&2; exit 1; }}\n"
        f"usleep 5000\ndone\n"
        f"device=${{file%/address}}; device=${{device##*/}}\n{add}ip link set $device up"
    )


def _major(machine: Machine) -> int:
    major: int = machine.qmp.execute("query-version")["qemu"]["major"]
    return major
