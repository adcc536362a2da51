"""A port to a TAP device, attached for as long as the port is there."""

import os
from typing import Final

from riostat.switch.configuration import PortConfiguration
from riostat.switch.ledger import Ledger
from riostat.switch.ports import FAULT_WORDS, Fault, Policy, PortDescription, PortKind
from riostat.switch.uplinks.tap import open_tap
from riostat.switch.vhost.messages import VIRTIO_NET_F_GUEST_CSUM, VIRTIO_NET_F_GUEST_TSO
from riostat.switch.vhost.server import Report

__all__ = ["TapPort"]

_TUN_F_CSUM: Final = 1
_TUN_F_TSO: Final = 2 | 4  # IPv4 and IPv6


class TapPort:
    """The port `port` describes; raises `SwitchError` where the device cannot be opened.

    The kernel copies frames into and out of the device itself, so `policy` is kept for show.
    """

    kind = PortKind.TAP
    pid = 0

    def __init__(
        self,
        port: PortConfiguration,
        *,
        ledger: Ledger,
        report: Report,
        policy: Policy,
        segmentation: bool,
        worker: int | None,
    ) -> None:
        assert port.tap is not None
        self.name = port.name
        self.place = port.tap
        self.role = port.role
        self.queues = port.queues
        self.policy = policy
        self.reason = ""
        self.attached = False
        self._ledger = ledger
        self._report = report
        # The kernel takes frames of both kinds; the offloads say what it hands out.
        offloads = _TUN_F_CSUM | (_TUN_F_TSO if segmentation else 0)
        descriptors = open_tap(port.tap, queues=port.queues, offloads=offloads)
        try:
            description = PortDescription(
                kind=PortKind.TAP,
                policy=policy,
                features=VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO,
                tap_descriptors=descriptors,
                mac=port.mac_bytes,
            )
            ledger.attach(self.name, description, worker=worker)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)  # the engine has its own
        self.attached = True
        report("attached", self.name, "")

    def set_policy(self, policy: Policy) -> None:
        """Keep the policy for show."""
        self.policy = policy

    def give_up(self, fault: Fault) -> None:
        """Detach a device that the engine can no longer serve."""
        self.reason = f"The device was cut off: {FAULT_WORDS[fault]}."
        self._detach("broken")

    def close(self) -> None:
        """Detach the device."""
        self._detach("detached")

    def _detach(self, event: str) -> None:
        if self.attached:
            self.attached = False
            self._ledger.detach(self.name)
            self._report(event, self.name, self.reason)
