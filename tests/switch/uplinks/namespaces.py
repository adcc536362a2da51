"""Network namespaces of a test's own, joined to a switch by TAP devices."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

__all__ = ["Namespace", "namespace", "needs_namespaces"]

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None or not Path("/dev/net/tun").exists(),
    reason="needs root, ip and /dev/net/tun",
)


class Namespace:
    """A namespace into which a TAP device of the switch was moved, with an address."""

    def __init__(self, name: str, device: str, address: str) -> None:
        self.name = name
        self.device = device
        self.address = address

    def run(self, *command: str) -> str:
        """Run a command inside and return what it says; it must succeed."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.name, *command],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command inside, whose output is to be read."""
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, *command], stdout=subprocess.PIPE, text=True
        )


@contextlib.contextmanager
def namespace(device: str, address: str) -> Iterator[Namespace]:
    """Make a namespace, and move a device into it; the device ends with the namespace."""
    name = f"riostat-{os.getpid()}-{device}"
    _ip("netns", "add", name)
    try:
        _ip("link", "set", device, "netns", name)
        # No router solicitations and the like: every frame is the test's.
        _ip("netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        _ip("-n", name, "address", "add", f"{address}/24", "dev", device)
        _ip("-n", name, "link", "set", device, "up")
        yield Namespace(name, device, address)
    finally:
        _ip("netns", "delete", name)


def _ip(*arguments: str) -> None:
    command: Sequence[str] = ["ip", *arguments]
    subprocess.run(command, check=True)
