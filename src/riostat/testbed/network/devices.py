"""TAP devices, bridges and addresses in a network stack, each with the mark of its owner."""

import os
import re
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_interface
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from riostat.core.errors import NetworkError
from riostat.core.text import printable
from riostat.testbed.marks import alias_of, interim_device_name
from riostat.testbed.network.netlink import in_namespace
from riostat.testbed.ownership import Owner

if TYPE_CHECKING:
    from pyroute2 import IPRoute
from riostat.core.closing import Closing

__all__ = ["Network"]

T = TypeVar("T")

# What Linux takes (dev_valid_name() in net/core/dev.c), without "%", which would ask for a number.
_NAME: Final = re.compile(r"(?!\.{1,2}$)[^\s/:%\x00-\x1f\x7f-\U0010ffff]{1,15}")

# Two at a time would have the same name for the moment in which a device has none of its own.
_naming = threading.Lock()


class Network(Closing):
    """A network stack in which devices are made; when its context is left, they are removed.

    `path` is the file of its namespace, None for that of the caller. A device is up as soon as it
    is made. Methods raise `NetworkError`, and `MissingToolError` without root.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._owner = Owner.of(os.getpid())
        self._made: list[str] = []

    def add_tap(
        self, name: str, *, address: str = "", queues: int = 1, vnet_header: bool = False
    ) -> None:
        """Make a TAP device, which stays when a program that has opened it ends.

        `address` is that of the kernel's end, as in 10.0.0.1/24. A device that is to be opened
        with several `queues`, or with virtio-net headers, has to be made for that.
        """
        flags = {"no_pi": 1, "multi_queue": int(queues > 1), "vnet_hdr": int(vnet_header)}
        self._add(name, address, kind="tuntap", mode="tap", ifr=flags)

    def add_bridge(self, name: str, ports: Sequence[str] = (), *, address: str = "") -> None:
        """Make a bridge that forwards, from the first frame on, between devices of this stack."""
        # Without a spanning tree and without asking who listens, every frame is the guests'.
        quiet = {"br_stp_state": 0, "br_forward_delay": 0, "br_mcast_snooping": 0}
        self._add(name, address, kind="bridge", **quiet)
        for port in ports:
            self._join(port, name)

    def set_up(self, name: str, *, address: str = "") -> None:
        """Bring a device up that is there already, and give it an address if one is said."""
        what = f"The device {printable(name)} cannot be brought up"
        _check_address(address, what)
        self._do(what, lambda route: _configure(route, _index(route, name, what), address))

    def devices(self) -> list[str]:
        """Return the names of all devices of this stack, the loopback device among them."""
        return self._do(
            "The devices cannot be listed",
            lambda route: [link.get_attr("IFLA_IFNAME") for link in route.get_links()],
        )

    def close(self) -> None:
        """Remove the devices that were made here; those that are gone already are no error."""
        if self._made:
            what = f"The devices {', '.join(self._made)} cannot be removed"
            self._do(what, self._delete)
        self._made = []

    def take(self, name: str, *, address: str = "") -> None:
        """Make a device one of this network's own, which goes with it, and bring it up."""
        what = f"The device {printable(name)} cannot be taken"

        def mark(route: "IPRoute") -> None:
            route.link("set", index=_index(route, name, what), ifalias=alias_of(self._owner))

        self._do(what, mark)
        self._made.append(name)
        self.set_up(name, address=address)

    def _add(self, name: str, address: str, **description: Any) -> None:
        what = f"The device {printable(name)} cannot be made"
        _check(name, address, what)

        def add(route: "IPRoute") -> None:
            if route.link_lookup(ifname=name):
                raise NetworkError(f"{what}, since there is one; choose another name.")
            # The name says whose it is until the alias does, which it cannot be made with.
            interim = interim_device_name(self._owner)
            with _naming:
                route.link("add", ifname=interim, **description)
                (index,) = route.link_lookup(ifname=interim)
                try:
                    route.link("set", index=index, ifalias=alias_of(self._owner), ifname=name)
                except BaseException:
                    route.link("del", index=index)
                    raise
            self._made.append(name)
            _configure(route, index, address)

        self._do(what, add)

    def _join(self, port: str, bridge: str) -> None:
        what = f"The device {printable(port)} cannot be joined to {printable(bridge)}"

        def join(route: "IPRoute") -> None:
            route.link("set", index=_index(route, port, what), master=_index(route, bridge, what))

        self._do(what, join)

    def _delete(self, route: "IPRoute") -> None:
        alias = alias_of(self._owner)
        for link in route.get_links():
            # One of the same name that somebody else has made since stays.
            ours = link.get_attr("IFLA_IFALIAS") == alias
            if ours and link.get_attr("IFLA_IFNAME") in self._made:
                route.link("del", index=link["index"])

    def _do(self, what: str, work: "Callable[[IPRoute], T]") -> T:
        return in_namespace(self.path, what, work)


def _configure(route: "IPRoute", index: int, address: str) -> None:
    if address:
        interface = ip_interface(address)
        prefix = interface.network.prefixlen
        route.addr("add", index=index, address=str(interface.ip), prefixlen=prefix)
    route.link("set", index=index, state="up")


def _index(route: "IPRoute", name: str, what: str) -> int:
    found = route.link_lookup(ifname=name)
    if not found:
        raise NetworkError(f"{what}, since {printable(name)} is not there; see `ip link`.")
    index: int = found[0]
    return index


def _check(name: str, address: str, what: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise NetworkError(
            f"{what}; give a name of 1 to 15 visible ASCII characters without '/', ':' and '%'."
        )
    _check_address(address, what)


def _check_address(address: str, what: str) -> None:
    if not address:
        return
    try:
        ip_interface(address)
    except ValueError as error:
        raise NetworkError(
            f"{what}, since {printable(address)!r} is no address; write one as in 10.0.0.1/24."
        ) from error
