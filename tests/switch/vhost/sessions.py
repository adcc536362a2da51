"""The messages of a front end that does everything right, to be sent as they are or spoilt."""

from dataclasses import dataclass, replace

from riostat.switch.vhost.memory import Attachment
from riostat.switch.vhost.messages import (
    MemoryRegion,
    ProtocolFeature,
    Request,
    VringAddress,
    encode_memory_table,
    encode_u64,
    encode_vring_address,
    encode_vring_file,
    encode_vring_state,
)

__all__ = ["FEATURES", "GUEST", "LENGTH", "SIZE", "USER", "Sent", "handshake", "ring_address"]

FEATURES = 1 << 32 | 1 << 15
GUEST = 0x1_0000_0000
USER = 0x7F00_0000_0000
LENGTH = 1 << 20
SIZE = 256


@dataclass(frozen=True)
class Sent:
    """One request, with what the kernel would say of the descriptors that go along."""

    request: Request
    payload: bytes = b""
    attachments: tuple[Attachment, ...] = ()
    need_reply: bool = False

    def with_descriptors(self, first: int) -> "Sent":
        numbered = tuple(
            replace(attachment, descriptor=first + at)
            for at, attachment in enumerate(self.attachments)
        )
        return replace(self, attachments=numbered)


def ring_address(index: int, *, user: int = USER) -> VringAddress:
    start = user + 0x10000 * index
    return VringAddress(
        index=index, flags=0, descriptors=start, used=start + 0x4000, available=start + 0x2000
    )


def handshake(pairs: int = 1) -> list[Sent]:
    acked = encode_u64(FEATURES | ProtocolFeature.NEGOTIATION)
    protocol = encode_u64(ProtocolFeature.MQ | ProtocolFeature.REPLY_ACK)
    table = encode_memory_table(
        [
            MemoryRegion(GUEST, LENGTH, USER, 0),
            MemoryRegion(GUEST + LENGTH, LENGTH, USER + LENGTH, LENGTH),
        ]
    )
    memory = Attachment(-1, memory_bytes=2 * LENGTH, shrinkable=False)
    eventfd = Attachment(-1, eventfd=True)
    sent = [
        Sent(Request.GET_FEATURES),
        Sent(Request.SET_OWNER),
        Sent(Request.GET_PROTOCOL_FEATURES),
        Sent(Request.SET_PROTOCOL_FEATURES, protocol),
        Sent(Request.GET_QUEUE_NUM),
        Sent(Request.SET_FEATURES, acked, need_reply=True),
        Sent(Request.SET_MEM_TABLE, table, (memory, memory), need_reply=True),
    ]
    for index in range(2 * pairs):
        file = encode_vring_file(index, has_descriptor=True)
        sent += [
            Sent(Request.SET_VRING_NUM, encode_vring_state(index, SIZE)),
            Sent(Request.SET_VRING_BASE, encode_vring_state(index, 0)),
            Sent(Request.SET_VRING_ADDR, encode_vring_address(ring_address(index))),
            Sent(Request.SET_VRING_CALL, file, (eventfd,)),
            Sent(Request.SET_VRING_KICK, file, (eventfd,)),
            Sent(Request.SET_VRING_ENABLE, encode_vring_state(index, 1), need_reply=True),
        ]
    return sent
