"""A small guest: sends at a steady rate to its peers, takes what comes, and lives on little.

``python -m riostat.switch.demo.guest SOCKET --mac MAC --peers MAC,MAC --rate HZ --frame-bytes N``
runs until its standard input ends. It rejoins a switch that ended and came back.
"""

import argparse
import select
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from riostat.core.clock import SYSTEM_CLOCK, Clock
from riostat.core.errors import PortError
from riostat.switch.vhost.frontend import Guest

__all__ = ["Sender", "main"]

_TICK_S: Final = 0.04
_PAUSE_S: Final = 0.2
_RING_SIZE: Final = 1024
_BUFFER_BYTES: Final = 2048
_ETHERTYPE: Final = b"\x88\xb5"  # IEEE 802, local experiments


class Sender:
    """Drives the rings of a guest: `tick` sends what is due and gives back what was received."""

    def __init__(
        self, guest: Guest, *, mac: bytes, peers: Sequence[bytes], rate_hz: int, frame_bytes: int
    ) -> None:
        self._guest = guest
        self._rate_hz = rate_hz
        self._receiving, self._sending = guest.pool.rings[:2]
        self._last_ns = 0
        self._owed = 0.0
        for buffer in range(self._sending.size):
            peer = peers[buffer % len(peers)]
            frame = peer + mac + _ETHERTYPE + buffer.to_bytes(4, "big")
            guest.pool.write(self._sending, buffer, frame.ljust(frame_bytes, b"\0"))
        for ring in (self._receiving, self._sending):
            guest.pool.mute(ring)

    def tick(self, now_ns: int) -> None:
        """Send what is due at `now_ns`, as far as the ring has room, and make room to receive."""
        pool, receiving, sending = self._guest.pool, self._receiving, self._sending
        self._fill(pool.in_flight(receiving))
        elapsed_ns = now_ns - self._last_ns if self._last_ns else 0
        self._last_ns = now_ns
        self._owed += self._rate_hz * elapsed_ns / 1e9
        count = min(int(self._owed), sending.size - pool.in_flight(sending))
        # What finds no room is not made up for: the rate is a steady one.
        self._owed = min(self._owed - count, 1.0)
        if count > 0:
            pool.make_available(sending, count)
            self._guest.kick(sending)

    def _fill(self, in_flight: int) -> None:
        missing = self._receiving.size - in_flight
        if missing > 0:
            self._guest.pool.make_available(self._receiving, missing)
            self._guest.kick(self._receiving)


def main(arguments: Sequence[str], clock: Clock = SYSTEM_CLOCK) -> int:
    """Send and receive as the arguments say until standard input ends."""
    parser = argparse.ArgumentParser(prog="riostat.switch.demo.guest", description=__doc__)
    parser.add_argument("socket", type=Path, help="socket of the guest's port")
    parser.add_argument("--mac", required=True, help="address of the guest")
    parser.add_argument("--peers", required=True, help="addresses to send to, in turn")
    parser.add_argument("--rate", type=int, required=True, help="frames a second")
    parser.add_argument("--frame-bytes", type=int, required=True, help="bytes of each frame")
    given = parser.parse_args(arguments)
    ended = select.poll()
    ended.register(sys.stdin, select.POLLIN)
    guest = _join(given.socket, ended)
    if guest is None:
        return 0
    with guest:
        sender = Sender(
            guest,
            mac=_address(given.mac),
            peers=[_address(peer) for peer in given.peers.split(",")],
            rate_hz=given.rate,
            frame_bytes=given.frame_bytes,
        )
        while _stay(guest, sender, clock):
            if not _rejoin(guest, ended):
                break
    return 0


def _stay(guest: Guest, sender: Sender, clock: Clock) -> bool:
    """Send and receive until the switch or standard input ends; return whether the switch did."""
    news = select.poll()
    news.register(sys.stdin, select.POLLIN)
    news.register(guest.connection, select.POLLIN)
    while True:
        sender.tick(clock.monotonic_ns())
        heard = [descriptor for descriptor, _ in news.poll(1000 * _TICK_S)]
        if sys.stdin.fileno() in heard:
            return False
        if heard:
            return True


def _join(path: Path, ended: select.poll) -> Guest | None:
    while True:
        try:
            return Guest.connect(path, ring_size=_RING_SIZE, buffer_bytes=_BUFFER_BYTES)
        except PortError:
            if ended.poll(1000 * _PAUSE_S):
                return None


def _rejoin(guest: Guest, ended: select.poll) -> bool:
    while True:
        try:
            guest.reconnect()
        except PortError:
            if ended.poll(1000 * _PAUSE_S):
                return False
        else:
            return True


def _address(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
