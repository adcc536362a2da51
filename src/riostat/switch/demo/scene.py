"""Which guests the demonstration has, and how they are started and ended."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from riostat.switch.configuration import PortConfiguration

__all__ = ["SCENE", "Actor", "Scene", "scene_ports"]


@dataclass(frozen=True, slots=True)
class Actor:
    """One guest of the scene; `peers` are those that it sends to, each as often as it is named."""

    name: str
    mac: str
    peers: tuple[str, ...]
    rate_hz: int
    frame_bytes: int
    uplink: bool = False


SCENE: Final = (
    Actor("network", "02:00:00:00:00:01", ("web", "web", "web", "batch"), 8000, 594, uplink=True),
    Actor("web", "02:00:00:00:00:02", ("network", "network", "batch"), 6000, 1514),
    Actor("batch", "02:00:00:00:00:03", ("web",), 1000, 64),
)


def scene_ports(folder: Path) -> list[PortConfiguration]:
    """Return the ports of the scene, with their sockets in `folder`."""
    return [
        PortConfiguration(
            name=actor.name,
            vhost=str(folder / f"{actor.name}.sock"),
            mac=actor.mac,
            uplink=actor.uplink,
        )
        for actor in SCENE
    ]


class Scene:
    """The guests, each a process, for as long as it is entered; their ports must be there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guests: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        for actor in SCENE:
            self._guests.append(
                subprocess.Popen(
                    _command(actor, self._folder),
                    stdin=subprocess.PIPE,  # it ends when this does, however the switch ends
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C is for the switch, which then ends its guests
                )
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for guest in self._guests:
            guest.terminate()  # it may be waiting for a switch that serves nobody any more
        for guest in self._guests:
            guest.communicate()


def _command(actor: Actor, folder: Path) -> Sequence[str]:
    addresses = {other.name: other.mac for other in SCENE}
    return [
        sys.executable,
        "-m",
        "riostat.switch.demo.guest",
        str(folder / f"{actor.name}.sock"),
        f"--mac={actor.mac}",
        f"--peers={','.join(addresses[peer] for peer in actor.peers)}",
        f"--rate={actor.rate_hz}",
        f"--frame-bytes={actor.frame_bytes}",
    ]
