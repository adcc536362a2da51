"""What a switch writes into a run: cumulative counters of every port, and what happened.

Series are ``switch.PORT.rx.frames``, ``.rx.bytes``, ``.tx.frames``, ``.tx.bytes`` and
``switch.PORT.dropped.frames``, in the switch's view (rx came from the guest), one point a second.
Events stand in the channel ``switch``: ``attached``, ``detached``, ``broken`` and ``policy``.
"""

from collections.abc import Mapping

from riostat.core.channels import FieldValue
from riostat.core.clock import Clock
from riostat.core.seriesfile import SeriesFile
from riostat.switch.ports import PortCounters

__all__ = ["SwitchRecording"]

_CHANNEL = "switch"


class SwitchRecording:
    """Writes into `file` what happens at a switch."""

    def __init__(self, file: SeriesFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock

    def event(self, name: str, fields: Mapping[str, FieldValue]) -> None:
        """Write that something happened now."""
        self._file.event(_CHANNEL, self._clock.monotonic_ns(), name, fields)

    def counters(self, ports: Mapping[str, PortCounters]) -> None:
        """Write where the counters of all ports stand now."""
        values = []
        for name, counted in ports.items():
            prefix, queues = f"{_CHANNEL}.{name}", counted.queues
            values += [
                (f"{prefix}.rx.frames", "frames", sum(q.rx_frames for q in queues)),
                (f"{prefix}.rx.bytes", "bytes", sum(q.rx_bytes for q in queues)),
                (f"{prefix}.tx.frames", "frames", sum(q.tx_frames for q in queues)),
                (f"{prefix}.tx.bytes", "bytes", sum(q.tx_bytes for q in queues)),
                (f"{prefix}.dropped.frames", "frames", sum(counted.drops.values())),
            ]
        self._file.write(self._clock.monotonic_ns(), values)
