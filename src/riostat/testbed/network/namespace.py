"""A network namespace: a network stack apart, and programs that run in it."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riostat.core.errors import MissingToolError, NetworkError
from riostat.core.text import printable
from riostat.testbed.leftovers import sweep
from riostat.testbed.marks import new_mark
from riostat.testbed.network.devices import Network
from riostat.testbed.network.netlink import (
    NAMESPACES,
    in_namespace,
    make_namespace,
    opened,
    remove_namespace,
)
from riostat.testbed.running import run_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyroute2 import IPRoute

__all__ = ["Namespace"]

_IPV6_OFF = Path("/proc/sys/net/ipv6/conf/all/disable_ipv6")


class Namespace(Network):
    """A new namespace with a loopback device that is up; `ip netns` knows it by its `name`.

    The caller stays where it is. IPv6 is off unless it is asked for, so that every frame is one
    that somebody sent on purpose. When its context is left, programs that still run inside are
    killed and everything in it is removed. Raises `NetworkError`, and `MissingToolError` without
    root.
    """

    def __init__(self, *, ipv6: bool = False) -> None:
        if shutil.which("nsenter") is None:
            raise MissingToolError(
                "The program nsenter, which runs others in a network namespace, is missing; "
                "install the package util-linux."
            )
        sweep()
        self.name = new_mark()
        self._file = NAMESPACES / self.name
        super().__init__(self._file)
        make_namespace(self._file)
        try:
            self._do(f"The network namespace {self.name} cannot be prepared", _preparation(ipv6))
        except BaseException:
            self.close()
            raise

    def command(self, *command: str) -> list[str]:
        """Return the command line that runs a program inside; its process id is the program's.

        The program sees the devices of the host in /sys, other than one that `ip netns exec` runs.
        """
        return ["nsenter", f"--net={self._file}", "--", *command]

    def run(self, *command: str, timeout_s: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Run a program inside until it ends, and return what it said.

        Raises `subprocess.TimeoutExpired` after it has been killed.
        """
        return run_program(self.command(*command), timeout_s)

    def start(self, *command: str, **options: Any) -> "subprocess.Popen[Any]":
        """Start a program inside; the options are those of `subprocess.Popen`."""
        return subprocess.Popen(self.command(*command), **options)

    def add_veth(
        self,
        name: str,
        other: Network,
        other_name: str,
        *,
        address: str = "",
        other_address: str = "",
    ) -> None:
        """Join this stack to another by a pair of devices: `name` is here, `other_name` there.

        The pair goes with either of the two.
        """
        with opened(other.path or Path("/proc/thread-self/ns/net")) as descriptor:
            peer = {"ifname": other_name, "net_ns_fd": descriptor}
            self._add(name, address, kind="veth", peer=peer)
        other.take(other_name, address=other_address)

    def adopt(self, device: str, *, address: str = "") -> None:
        """Move a device of the caller's stack here, as the TAP device of a switch that runs."""
        what = f"The device {printable(device)} cannot be moved into {self.name}"

        def move(route: "IPRoute") -> None:
            found = route.link_lookup(ifname=device)
            if not found:
                raise NetworkError(f"{what}, since it is not there; see `ip link`.")
            with opened(self._file) as descriptor:
                route.link("set", index=found[0], net_ns_fd=descriptor)

        in_namespace(None, what, move)
        self.set_up(device, address=address)

    def close(self) -> None:
        """Kill what runs inside, and remove the namespace; one that is gone is no error."""
        with suppress(NetworkError):
            super().close()
        remove_namespace(self._file)


def _preparation(ipv6: bool) -> "Callable[[IPRoute], None]":  # noqa: FBT001 - a closure's one value
    def prepare(route: "IPRoute") -> None:
        if not ipv6 and _IPV6_OFF.exists():
            _IPV6_OFF.write_text("1")
        (loopback,) = route.link_lookup(ifname="lo")
        route.link("set", index=loopback, state="up")

    return prepare
