"""Being a guest: the front end with which a process joins a switch, ours or another's.

::

    with Guest.connect(path, queues=1, ring_size=256) as guest:
        ...                                         # drive the rings of `guest.pool`

A guest shares its `Pool` and nothing else. It survives the end of its switch: `reconnect` goes on
where the switch stopped, since what was made available and not used is served again. Revoking is
part of the protocol: with its next memory table the switch gives every grant back before it
answers. Loops that move frames stand in `riostat.switch.kernels`; nothing heavy is loaded here.
"""

import os
import socket
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn, Self

from riostat.core.closing import Closing
from riostat.core.errors import PortError
from riostat.core.text import printable
from riostat.switch.listening import connect
from riostat.switch.ports import PAIRS_MAX, RING_SIZE_MAX
from riostat.switch.vhost.messages import (
    HEADER_BYTES,
    PAYLOAD_BYTES_MAX,
    VIRTIO_F_VERSION_1,
    ProtocolFeature,
    Request,
    decode_u64,
    decode_vring_state,
    encode_memory_table,
    encode_request,
    encode_u64,
    encode_vring_address,
    encode_vring_file,
    encode_vring_state,
)
from riostat.switch.vhost.pool import Pool, PoolRing

__all__ = ["Guest"]

_PATIENCE_S: Final = 10
_HEADER: Final = struct.Struct("<III")
_REPLY_FLAGS: Final = 5


class Guest(Closing):
    """A guest of the switch that listens at `path`; `pool` holds its rings and buffers.

    `kicks` and `calls` are the eventfds of the rings, by index: the guest writes to a kick when it
    has made buffers available, and the switch to a call when it has used some.
    """

    def __init__(self, path: Path, pool: Pool) -> None:
        self.path = path
        self.pool = pool
        flags = os.EFD_CLOEXEC | os.EFD_NONBLOCK
        self.kicks = [os.eventfd(0, flags) for _ in pool.rings]
        self.calls = [os.eventfd(0, flags) for _ in pool.rings]
        self._socket: socket.socket | None = None
        self._acknowledged = False

    @classmethod
    def connect(
        cls, path: Path, *, queues: int = 1, ring_size: int = 256, buffer_bytes: int = 2048
    ) -> Self:
        """Make a pool and join the switch; raises `PortError` where that cannot be.

        `ring_size` is a power of two; there is one buffer for each entry, `buffer_bytes` long with
        its header of 12 bytes.
        """
        if not 1 <= queues <= PAIRS_MAX:
            raise PortError(f"A guest cannot have {queues} queues; choose 1 to {PAIRS_MAX}.")
        if not 2 <= ring_size <= RING_SIZE_MAX or ring_size & (ring_size - 1):
            raise PortError(
                f"A ring cannot have {ring_size} entries; choose a power of two from 2 to "
                f"{RING_SIZE_MAX}."
            )
        pool = Pool(queues=queues, ring_size=ring_size, buffer_bytes=buffer_bytes)
        guest = cls(path, pool)
        try:
            guest.reconnect()
        except PortError:
            guest.close()
            raise
        return guest

    @property
    def connection(self) -> socket.socket:
        """The connection to the switch, which is readable when the switch has ended."""
        assert self._socket is not None
        return self._socket

    def reconnect(self) -> None:
        """Join the switch, anew where it was ended; raises `PortError`.

        Rings go on from their used indexes.
        """
        self.disconnect()
        try:
            self._socket = connect(self.path, _PATIENCE_S)
            self._shake_hands()
        except OSError as error:
            self.disconnect()
            raise self._refused(error.strerror or str(error)) from error
        except PortError:
            self.disconnect()
            raise

    def revoke(self) -> None:
        """Take every grant back: when this returns, the switch has nothing of the pool mapped.

        It may map again what it is given afterwards. Raises `PortError` for a switch that has
        ended, or that does not acknowledge requests.
        """
        if not self._acknowledged:
            raise self._refused("it acknowledges nothing, so nothing can be revoked")
        try:
            self._set_memory()
        except OSError as error:
            raise self._refused(error.strerror or str(error)) from error

    def kick(self, ring: PoolRing) -> None:
        """Tell the switch that buffers were made available."""
        os.eventfd_write(self.kicks[ring.index], 1)

    def stop(self, ring: PoolRing) -> int:
        """Stop a ring, and return the index of the available ring at which it stopped."""
        asked = encode_vring_state(ring.index, 0)
        reply = self._ask(Request.GET_VRING_BASE, asked)
        if len(reply) != 8:
            self._nonsense()
        return decode_vring_state(reply).number

    def disconnect(self) -> None:
        """End the connection; the switch detaches the guest."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """End the connection and give everything back."""
        self.disconnect()
        for descriptor in (*self.kicks, *self.calls):
            os.close(descriptor)
        self.pool.close()

    def _shake_hands(self) -> None:
        self._acknowledged = False
        self._tell(Request.SET_OWNER)
        offered = self._number(Request.GET_FEATURES)
        wanted = VIRTIO_F_VERSION_1 | ProtocolFeature.NEGOTIATION
        if wanted & ~offered:
            raise self._refused(f"it offers the features {offered:#x}, which lack VERSION_1")
        protocol = self._number(Request.GET_PROTOCOL_FEATURES)
        acked = protocol & (ProtocolFeature.MQ | ProtocolFeature.REPLY_ACK)
        self._tell(Request.SET_PROTOCOL_FEATURES, encode_u64(acked))
        self._acknowledged = bool(acked & ProtocolFeature.REPLY_ACK)
        pairs = len(self.pool.rings) // 2
        if acked & ProtocolFeature.MQ and (most := self._number(Request.GET_QUEUE_NUM)) < pairs:
            raise self._refused(f"it has {most} queues, and {pairs} are wanted")
        self._tell(Request.SET_FEATURES, encode_u64(wanted))
        self._set_memory()
        for ring in self.pool.rings:
            self._start(ring)

    def _set_memory(self) -> None:
        regions = self.pool.regions()
        table = encode_memory_table(regions)
        self._tell(Request.SET_MEM_TABLE, table, [self.pool.descriptor] * len(regions))

    def _start(self, ring: PoolRing) -> None:
        file = encode_vring_file(ring.index, has_descriptor=True)
        base = self.pool.used_index(ring)
        address = encode_vring_address(self.pool.vring_address(ring))
        self._tell(Request.SET_VRING_NUM, encode_vring_state(ring.index, ring.size))
        self._tell(Request.SET_VRING_BASE, encode_vring_state(ring.index, base))
        self._tell(Request.SET_VRING_ADDR, address)
        self._tell(Request.SET_VRING_CALL, file, [self.calls[ring.index]])
        self._tell(Request.SET_VRING_KICK, file, [self.kicks[ring.index]])
        self._tell(Request.SET_VRING_ENABLE, encode_vring_state(ring.index, 1))

    def _tell(self, request: Request, payload: bytes = b"", files: Sequence[int] = ()) -> None:
        """Send a request that has no answer but, where that was negotiated, an acknowledgement."""
        self._send(encode_request(request, payload, need_reply=self._acknowledged), files)
        if self._acknowledged and decode_u64(self._receive(request)):
            raise self._refused(f"it does not accept {request.name}")

    def _ask(self, request: Request, payload: bytes = b"") -> bytes:
        self._send(encode_request(request, payload), ())
        return self._receive(request)

    def _number(self, request: Request) -> int:
        reply = self._ask(request)
        return decode_u64(reply) if len(reply) == 8 else self._nonsense()

    def _send(self, data: bytes, files: Sequence[int]) -> None:
        if socket.send_fds(self.connection, [data], list(files), socket.MSG_NOSIGNAL) != len(data):
            raise self._refused("it does not read")

    def _receive(self, request: Request) -> bytes:
        number, flags, size = _HEADER.unpack(self._exactly(HEADER_BYTES))
        if (number, flags) != (request, _REPLY_FLAGS) or size > PAYLOAD_BYTES_MAX:
            self._nonsense()
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data = self.connection.recv(size, socket.MSG_WAITALL) if size else b""
        if len(data) != size:
            raise self._refused("it ended the connection; `riostat switch status` may say why")
        return data

    def _nonsense(self) -> NoReturn:
        raise self._refused("it does not answer as vhost-user has it")

    def _refused(self, reason: str) -> PortError:
        return PortError(f"The switch at {printable(str(self.path))} cannot be joined ({reason}).")
