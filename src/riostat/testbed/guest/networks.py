"""What a guest's network devices lead to, as it is written and as QEMU is told."""

import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from ipaddress import ip_interface
from pathlib import Path

from riostat.core.errors import MachineError, MissingToolError
from riostat.core.text import printable

__all__ = ["Datagram", "Network", "Tap", "VhostUser", "new_mac", "parse_network"]

_QUEUES_MAX = 8
_TUN = Path("/dev/net/tun")
_DEVICE = re.compile(r"[^\s/]{1,15}")
_MAC = re.compile(r"[0-9a-f][02468ace](:[0-9a-f]{2}){5}")
_FORMS = "vhost:SOCKET, tap:DEVICE or dgram:LOCAL,REMOTE"


@dataclass(frozen=True, slots=True)
class VhostUser:
    """A port of a switch at whose socket a device of the guest is a front end."""

    socket: Path
    _: KW_ONLY
    queues: int = 1
    address: str = ""
    mac: str = ""

    def check(self) -> None:
        """Raise `MachineError` where nobody can be there."""
        if not self.socket.is_socket():
            raise MachineError(
                f"There is no socket at {printable(str(self.socket))}; start the switch that "
                "listens there first."
            )


@dataclass(frozen=True, slots=True)
class Tap:
    """A TAP device, in the network namespace at a path or in the caller's own."""

    device: str
    _: KW_ONLY
    namespace: Path | None = None
    queues: int = 1
    address: str = ""
    mac: str = ""

    def check(self) -> None:
        """Raise `MachineError` or `MissingToolError` where no device can be had."""
        if self.namespace is not None and os.geteuid() != 0:
            raise MissingToolError(
                f"The TAP device {printable(self.device)} is in a network namespace, where only "
                "root starts a guest; run it as root."
            )
        if not _TUN.is_char_device():
            raise MissingToolError(f"The device {_TUN} is missing; load the kernel module tun.")
        if self.namespace is None and not Path("/sys/class/net", self.device).exists():
            raise MachineError(
                f"There is no device {printable(self.device)}; make it, as root, with "
                f"`ip tuntap add {printable(self.device)} mode tap`."
            )
        if self.namespace is None and not _may_open(self.device):
            raise MissingToolError(
                f"The TAP device {printable(self.device)} is not this user's; run it as root, or "
                f"make the device with `ip tuntap add ... user {os.geteuid()}`."
            )
        if self.namespace is not None and not self.namespace.exists():
            raise MachineError(
                f"There is no network namespace at {printable(str(self.namespace))}; make it, "
                "as root, with `ip netns add`."
            )


@dataclass(frozen=True, slots=True)
class Datagram:
    """A pair of Unix sockets, one frame a datagram: `local` is made, `remote` is the other's."""

    local: Path
    remote: Path
    _: KW_ONLY
    address: str = ""
    mac: str = ""

    def check(self) -> None:
        """Remove a socket that nobody has; raises `MachineError` where something else is there."""
        if not self.local.exists():
            return
        if self.local.is_socket() and _is_nobodys(self.local):
            self.local.unlink(missing_ok=True)
            return
        raise MachineError(
            f"The path {printable(str(self.local))} is in use; choose another for the socket."
        )


Network = VhostUser | Tap | Datagram


def parse_network(text: str) -> Network:
    """Return the network that a text names; raises `MachineError`.

    The forms are vhost:SOCKET, tap:DEVICE and dgram:LOCAL,REMOTE, and then any of ,address=IP/BITS
    ,mac=MAC ,queues=N and, for TAP devices, ,namespace=NAME.
    """
    kind, _, rest = text.partition(":")
    places = [part for part in rest.split(",") if "=" not in part]
    words = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
    known = {"address", "mac"} | ({"queues"} if kind != "dgram" else set())
    known |= {"namespace"} if kind == "tap" else set()
    wanted = {"vhost": 1, "tap": 1, "dgram": 2}.get(kind)
    if len(places) != wanted or not all(places) or words.keys() - known:
        raise MachineError(f"The network {printable(text)!r} is none; give {_FORMS}.")
    address, mac = _checked(words)
    match kind:
        case "vhost":
            path = Path(places[0]).absolute()
            return VhostUser(path, queues=_queues(words), address=address, mac=mac)
        case "tap":
            if not _DEVICE.fullmatch(places[0]):
                raise MachineError(
                    f"No device is called {printable(places[0])!r}; give up to 15 letters."
                )
            name = words.get("namespace")
            namespace = None if name is None else Path("/run/netns", name)
            queues = _queues(words)
            return Tap(places[0], namespace=namespace, queues=queues, address=address, mac=mac)
        case _:
            local, remote = (Path(place).absolute() for place in places)
            return Datagram(local, remote, address=address, mac=mac)


def new_mac() -> str:
    """Return a random address of the range that QEMU uses."""
    return "52:54:00:" + secrets.token_bytes(3).hex(":")


def _may_open(device: str) -> bool:
    """Tell whether this user may open a TAP device; -1 stands for one without an owner."""
    if os.geteuid() == 0:
        return True
    try:
        return int(Path("/sys/class/net", device, "owner").read_text()) == os.geteuid()
    except (FileNotFoundError, ValueError):
        return False


def _is_nobodys(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False  # a socket of another kind
    return False


def _checked(words: Mapping[str, str]) -> tuple[str, str]:
    address, mac = words.get("address", ""), words.get("mac", "").lower()
    try:
        if address:
            ip_interface(address)
    except ValueError as error:
        raise MachineError(
            f"The address {printable(address)!r} is none; give one with its length, as in "
            "10.0.0.1/24."
        ) from error
    if mac and not _MAC.fullmatch(mac):
        raise MachineError(
            f"The MAC address {printable(mac)!r} is none of a device; give one such as "
            "52:54:00:00:00:01."
        )
    return address, mac


def _queues(words: Mapping[str, str]) -> int:
    text = words.get("queues", "1")
    if not text.isdecimal() or not 1 <= int(text) <= _QUEUES_MAX:
        raise MachineError(
            f"A network device has 1 to {_QUEUES_MAX} queues, not {printable(text)}."
        )
    return int(text)
