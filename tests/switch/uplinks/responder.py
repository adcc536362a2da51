"""A guest that answers as a host would: ARP, and UDP datagrams sent back, checksums verified."""

import struct
import threading
from pathlib import Path

from riostat.switch.vhost.frames import FrameQueue
from riostat.switch.vhost.frontend import Guest

__all__ = ["Responder", "internet_checksum"]

MAC = b"\x02\0\0\0\0\x0d"


def internet_checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


class Responder:
    """Echoes UDP at an IPv4 address in a thread; `wrong` counts checksums that were not right."""

    def __init__(self, guest: Guest, address: str, kernels: Path) -> None:
        self.wrong = 0
        self.echoed = 0
        self._address = bytes(map(int, address.split(".")))
        self._queue = FrameQueue(guest, 0, kernels=kernels)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Responder":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._ending.is_set():
            if self._queue.wait(0.1):
                answers = map(self._answer, self._queue.receive())
                self._queue.send([answer for answer in answers if answer is not None])

    def _answer(self, frame: bytes) -> bytes | None:
        source, kind, body = frame[6:12], frame[12:14], frame[14:]
        if kind == b"\x08\x06" and body[7] == 1 and body[24:28] == self._address:
            reply = body[:7] + b"\2" + MAC + self._address + body[8:18]
            return source + MAC + kind + reply
        if kind == b"\x08\x00" and body[9] == 17 and body[16:20] == self._address:
            return source + MAC + kind + self._echo(body)
        return None

    def _echo(self, packet: bytes) -> bytes:
        length = struct.unpack(">H", packet[2:4])[0]
        source, target, datagram = packet[12:16], packet[16:20], packet[20:length]
        pseudo = struct.pack(">BBH", 0, 17, len(datagram))
        if internet_checksum(source + target + pseudo + datagram):
            self.wrong += 1
        self.echoed += 1
        ports = datagram[2:4] + datagram[:2]
        # The sum does not change when source and target change places.
        return packet[:12] + target + source + ports + datagram[4:]
