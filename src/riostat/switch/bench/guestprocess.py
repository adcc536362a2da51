"""A guest of the bench as the bench holds it: its process, its memory, and its port."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

from riostat.core.errors import SwitchError
from riostat.switch.bench.conversation import Begin, Joined, Received, hear, say
from riostat.switch.engine import Engine
from riostat.switch.ports import PortDescription, PortKind, Region, Ring

__all__ = ["GuestProcess"]

_VERSION_1 = 1 << 32
Message = TypeVar("Message")


class GuestProcess:
    """One guest; `name` is its port's."""

    def __init__(self, name: str, *, templates: int, cpu: int, kernels: Path) -> None:
        self.name = name
        self.connection, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = (theirs.fileno(), templates, cpu, kernels, os.getpid())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "riostat.switch.bench.guest", *map(str, arguments)],
            pass_fds=[theirs.fileno(), templates],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()

    def join(self, engine: Engine) -> None:
        """Wait until the guest is ready, and attach it; its rings run from then on."""
        joined, descriptors = self._heard(hear(self.connection, Joined))
        region = Region(
            guest_address=joined.guest_address,
            user_address=joined.address,
            length=joined.length,
            offset=0,
            descriptor=descriptors[0],
            shrinkable=False,
        )
        engine.attach(
            self.name,
            PortDescription(
                kind=PortKind.VHOST,
                features=_VERSION_1,
                guest_pid=self.process.pid,
                regions=[region],
            ),
        )
        for index, (size, table, available, used) in enumerate(joined.rings):
            ring = Ring(
                index=index,
                size=size,
                descriptors=table,
                available=available,
                used=used,
                base=0,
                kick=descriptors[1],
            )
            engine.enable(self.name, ring)
        for descriptor in descriptors:
            os.close(descriptor)

    def begin(self, begin: Begin) -> None:
        """Have the guest receive."""
        try:
            say(self.connection, begin)
        except BrokenPipeError as error:
            raise self._ended() from error

    def received(self) -> Received:
        """Return what the guest has received, waiting for it."""
        return self._heard(hear(self.connection, Received))[0]

    def close(self) -> None:
        """End the guest."""
        self.connection.close()
        self.process.kill()
        self.process.wait()

    def _heard(self, message: tuple[Message, list[int]] | None) -> tuple[Message, list[int]]:
        if message is None:
            raise self._ended()
        return message

    def _ended(self) -> SwitchError:
        return SwitchError(
            f"The bench's guest {self.name} ended (status {self.process.wait()}); "
            "its own words stand above."
        )
