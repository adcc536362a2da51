"""One front end's connection: bytes become requests, requests actions, actions calls of the engine.

Nothing here waits for the front end: a request that comes in pieces is put together over several
calls, and a reply that the front end does not take ends the connection.
"""

import os
import socket
import struct
from typing import Final

from riostat.core.clock import Clock
from riostat.core.errors import GuestError
from riostat.switch.ledger import Ledger
from riostat.switch.ports import Policy, PortDescription, PortKind, Region
from riostat.switch.vhost.actions import (
    Action,
    Discard,
    Reply,
    ReplyBase,
    SetCall,
    SetMemory,
    StartRing,
    StopRing,
)
from riostat.switch.vhost.descriptors import close_all, inspect, receive
from riostat.switch.vhost.messages import HEADER_BYTES, Header, decode_header
from riostat.switch.vhost.protocol import Session

__all__ = ["Connection"]

_ORDERS_PER_SECOND: Final = 500
_UCRED: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid


class Connection:
    """A front end that speaks for the guest of the port `name`.

    `worker` is where the port is to be served, as `Engine.attach` has it, and `needed_features`
    what the guest cannot do without here. The port is attached
    when its memory is first known, since the engine needs to know whether it can shrink.
    """

    def __init__(
        self,
        name: str,
        connection: socket.socket,
        session: Session,
        *,
        ledger: Ledger,
        policy: Policy,
        mac: bytes | None,
        needed_features: int,
        worker: int | None,
        clock: Clock,
    ) -> None:
        self.attached = False
        self._name = name
        self._socket = connection
        self._session = session
        self._ledger = ledger
        self._policy = policy
        self._mac = mac
        self._needed_features = needed_features
        self._worker = worker
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        self.pid = _UCRED.unpack(credentials)[0]
        self._clock = clock
        self._second = 0
        self._orders = 0
        self._features = 0
        self._buffer = bytearray()
        self._descriptors: list[int] = []

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._socket.fileno()

    def read(self) -> bool:
        """Take in what has arrived, one request at most; return whether the front end is there.

        Raises `GuestError` for what breaks the protocol, and `SwitchError` where the engine cannot
        do what was asked; then `close` is to be called.
        """
        header = self._header()
        wanted = HEADER_BYTES + (header.size if header else 0) - len(self._buffer)
        try:
            data = receive(self._socket, wanted, self._descriptors)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        if not data:
            if self._buffer:
                raise GuestError(
                    f"The connection ended after {len(self._buffer)} bytes of a request; send "
                    "requests whole."
                )
            return False
        self._buffer += data
        header = self._header()
        if header is not None and len(self._buffer) == HEADER_BYTES + header.size:
            self._carry_out(header)
        return True

    def close(self) -> None:
        """Detach the port, and close everything that the front end gave."""
        try:
            if self.attached:
                self.attached = False
                self._ledger.detach(self._name)
        finally:
            close_all([*self._session.close(), *self._descriptors])
            self._descriptors.clear()
            self._socket.close()

    def set_policy(self, policy: Policy) -> None:
        """Get at the guest's pages in another way from now on."""
        self._policy = policy
        if self.attached:
            self._ledger.engine.set_policy(self._name, policy)

    def _header(self) -> Header | None:
        if len(self._buffer) < HEADER_BYTES:
            return None
        return decode_header(bytes(self._buffer[:HEADER_BYTES]))

    def _carry_out(self, header: Header) -> None:
        payload = bytes(self._buffer[HEADER_BYTES:])
        self._buffer.clear()
        attachments = list(map(inspect, self._descriptors))
        actions = self._session.receive(
            header.request, payload, attachments, need_reply=header.need_reply
        )
        for action in actions:
            self._act(action)
        # All were checked and are the session's now; before, an error leaves them to `close`.
        self._descriptors.clear()

    def _act(self, action: Action) -> None:
        engine, session = self._ledger.engine, self._session
        match action:
            case SetMemory(regions):
                self._count_order()
                self._set_memory(regions)
            case StartRing(index):
                self._count_order()
                engine.enable(self._name, session.ring(index))
            case SetCall(index, call):
                self._count_order()
                engine.set_call(self._name, index, call)
            case StopRing(index):
                session.stopped(index, engine.disable(self._name, index))
            case Discard(descriptors):
                close_all(descriptors)
                self._descriptors = [fd for fd in self._descriptors if fd not in descriptors]
            case Reply(data):
                self._send(data)
            case ReplyBase(index):
                self._send(session.base_reply(index))

    def _count_order(self) -> None:
        """Refuse a front end that keeps the worker busy with orders, which others wait for."""
        second = self._clock.monotonic_ns() // 1_000_000_000
        if second != self._second:
            self._second, self._orders = second, 0
        self._orders += 1
        if self._orders > _ORDERS_PER_SECOND:
            raise GuestError(
                f"More than {_ORDERS_PER_SECOND} changes of rings or memory came in a second; "
                "send fewer."
            )

    def _set_memory(self, regions: tuple[Region, ...]) -> None:
        features = self._session.acked_features
        if missing := self._needed_features & ~features:
            raise GuestError(
                f"The guest lacks the features {missing:#x}, which a switch with segmentation "
                "needs of all; turn on checksum and segmentation offload in it."
            )
        if self.attached and features == self._features:
            self._ledger.engine.update_memory(self._name, regions)
            return
        if self.attached:
            self.attached = False
            self._ledger.detach(self._name)
        description = PortDescription(
            kind=PortKind.VHOST,
            policy=self._policy,
            features=features,
            guest_pid=self.pid,
            regions=regions,
            mac=self._mac,
        )
        self._ledger.attach(self._name, description, worker=self._worker)
        self._features = features
        self.attached = True

    def _send(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data, socket.MSG_NOSIGNAL)
        except OSError as error:
            raise GuestError(
                f"A reply cannot be sent ({os.strerror(error.errno or 0)}); read what is asked for."
            ) from error
        if sent != len(data):
            raise GuestError("A reply does not fit into the socket; read what is asked for.")
