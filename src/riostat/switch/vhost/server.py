"""A port whose guest comes over a unix socket: one socket, with one front end at a time.

A `VhostPort` is driven by the switch's loop: nothing here waits. A front end that breaks the
protocol, or whose guest the engine gave up, loses its connection and nothing else; the socket
stays, so that it may come again.
"""

import selectors
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from riostat.core.clock import Clock
from riostat.core.errors import SwitchError
from riostat.switch.configuration import PortConfiguration
from riostat.switch.ledger import Ledger
from riostat.switch.listening import Listener
from riostat.switch.ports import FAULT_WORDS, PAIRS_MAX, Fault, Policy, PortKind
from riostat.switch.vhost.connection import Connection
from riostat.switch.vhost.messages import (
    VIRTIO_F_INDIRECT_DESC,
    VIRTIO_F_VERSION_1,
    VIRTIO_NET_F_CSUM,
    VIRTIO_NET_F_GUEST_CSUM,
    VIRTIO_NET_F_GUEST_TSO,
    VIRTIO_NET_F_HOST_TSO,
    VIRTIO_NET_F_MQ,
    VIRTIO_NET_F_MRG_RXBUF,
)
from riostat.switch.vhost.protocol import Session

__all__ = ["Report", "VhostPort"]

Report: TypeAlias = Callable[[str, str, str], None]
"""Called with what happened (attached, detached, broken), the port's name and the reason."""


_FEATURES: Final = (
    VIRTIO_F_VERSION_1
    | VIRTIO_F_INDIRECT_DESC
    | VIRTIO_NET_F_MQ
    | VIRTIO_NET_F_MRG_RXBUF
    | VIRTIO_NET_F_CSUM
    | VIRTIO_NET_F_GUEST_CSUM
)
_SEGMENTATION: Final = VIRTIO_NET_F_GUEST_TSO | VIRTIO_NET_F_HOST_TSO
_SEGMENTATION_NEEDED: Final = VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO


class VhostPort:
    """A port for the front end that connects to the socket that `port` names.

    `report` is told when a guest's memory is
    attached, when it is detached, and why a guest was cut off; `reason` is the last such reason
    until the next front end comes.
    """

    kind = PortKind.VHOST
    queues = 0  # as many as the guest enables

    def __init__(
        self,
        port: PortConfiguration,
        *,
        ledger: Ledger,
        selector: selectors.BaseSelector,
        report: Report,
        policy: Policy,
        segmentation: bool,
        worker: int | None,
        clock: Clock,
    ) -> None:
        assert port.vhost is not None
        self.name = port.name
        self.place = port.vhost
        self.role = port.role
        self.policy = policy
        self.reason = ""
        self._ledger = ledger
        self._selector = selector
        self._report = report
        self._mac = port.mac_bytes
        self._features = _FEATURES | (_SEGMENTATION if segmentation else 0)
        self._needed_features = _SEGMENTATION_NEEDED if segmentation else 0
        self._worker = worker
        self._clock = clock
        self._connection: Connection | None = None
        self._listener = Listener(Path(port.vhost))
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    @property
    def pid(self) -> int:
        """The process that speaks for the guest, 0 where there is none."""
        return self._connection.pid if self._connection is not None else 0

    @property
    def attached(self) -> bool:
        """Tell whether a guest is there and its memory known."""
        return self._connection is not None and self._connection.attached

    def set_policy(self, policy: Policy) -> None:
        """Get at the guest's pages in another way from now on."""
        self.policy = policy
        if self._connection is not None:
            self._connection.set_policy(policy)

    def give_up(self, fault: Fault) -> None:
        """Close the connection of a guest that the engine no longer serves."""
        self._end(f"The guest was cut off: {FAULT_WORDS[fault]}.")

    def close(self) -> None:
        """Detach the guest, and remove the socket."""
        self._selector.unregister(self._listener)
        self._listener.close()
        self._end("")

    def _accept(self) -> None:
        accepted = self._listener.accept()
        if accepted is None:
            return
        if self._connection is not None:
            accepted.close()
            return
        self._connection = Connection(
            self.name,
            accepted,
            Session(self._features, PAIRS_MAX),
            ledger=self._ledger,
            policy=self.policy,
            mac=self._mac,
            needed_features=self._needed_features,
            worker=self._worker,
            clock=self._clock,
        )
        self.reason = ""
        self._selector.register(self._connection, selectors.EVENT_READ, self._read)

    def _read(self) -> None:
        assert self._connection is not None
        before = self._connection.attached
        try:
            there = self._connection.read()
        except SwitchError as error:
            self._end(str(error))
            return
        if self._connection.attached and not before:
            self._report("attached", self.name, "")
        if not there:
            self._end("")

    def _end(self, reason: str) -> None:
        """End the connection, if there is one: for a reason, or as front ends do."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        attached = connection.attached
        self._selector.unregister(connection)
        connection.close()
        self.reason = reason
        if reason:
            self._report("broken", self.name, reason)
        elif attached:
            self._report("detached", self.name, "")
