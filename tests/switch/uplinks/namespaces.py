"""Network namespaces of the testbed, joined to a switch by its TAP devices."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from riostat.testbed.network.namespace import Namespace

__all__ = ["Joined", "joined_namespace", "needs_namespaces"]

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None or not Path("/dev/net/tun").exists(),
    reason="needs root, ip and /dev/net/tun",
)


@dataclass(frozen=True)
class Joined:
    """A namespace into which a TAP device of the switch was moved, with an address."""

    namespace: Namespace
    address: str

    def run(self, *command: str) -> str:
        """Run a command inside and return what it says; it must succeed."""
        done = self.namespace.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command inside, whose output is to be read."""
        return self.namespace.start(*command, stdout=subprocess.PIPE, text=True)


@contextlib.contextmanager
def joined_namespace(device: str, address: str) -> Iterator[Joined]:
    """Make a namespace, and move a device into it; the device ends with the namespace."""
    with Namespace() as namespace:
        namespace.adopt(device, address=f"{address}/24")
        yield Joined(namespace, address)
