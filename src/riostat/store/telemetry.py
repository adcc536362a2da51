"""Counters of a running server: once a second into a run, and into the file that others read."""

import asyncio
import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Final

from riostat.core.clock import Clock
from riostat.core.errors import StoreError
from riostat.core.histogram import LogHistogram
from riostat.core.seriesfile import SeriesFile
from riostat.store.s3.frontend import Frontend
from riostat.store.s3.reading import DEADLINE_NS
from riostat.store.serverstatus import DelaySummary, ServedDisk, ServerStatus, write_status
from riostat.store.status import DiskStatus, StoreStatus
from riostat.store.store import Store

if TYPE_CHECKING:
    from riostat.core.channels import FieldValue

__all__ = ["Telemetry"]

_EVENTS: Final = "store"
_DELAY: Final = "store.delay"
_PAUSE: Final = 50
"""How many times the CPU time that it takes to read the counters they are left alone."""
_LOG: Final = logging.getLogger(__name__)


class Telemetry:
    """Reads the counters of a store and its front end, and writes them where they are looked for.

    All of it runs in a thread of the front end, because disks may be slow.
    """

    def __init__(
        self, store: Store, frontend: Frontend, series: SeriesFile, *, address: str, clock: Clock
    ) -> None:
        self._store = store
        self._frontend = frontend
        self._series = series
        self._address = address
        self._clock = clock
        self._started_ns = clock.monotonic_ns()
        self._states: dict[str, str] = {}
        self._delay = LogHistogram()
        self._late = 0
        self._due_ns = 0
        self._trouble = ""
        self._lock = threading.Lock()

    async def begin(self) -> None:
        """Say that the server is there."""
        fields: dict[str, FieldValue] = {
            "address": self._address,
            "pid": os.getpid(),
            "bound_ns": DEADLINE_NS,
        }
        self._series.event(_EVENTS, self._started_ns, "serving", fields)
        await self.write(0)

    async def write(self, connections: int) -> None:
        """Write the counters as they are now; a full disk costs counters and not the server.

        Of a store with very many objects they take longer to read, and are read less often.
        """
        await asyncio.to_thread(self._write, connections)

    async def end(self, connections: int) -> None:
        """Write the last counters."""
        self._due_ns = 0
        await self.write(connections)
        traffic = self._frontend.traffic
        self._series.event(
            _EVENTS, self._clock.monotonic_ns(), "ended", {"requests": traffic.requests}
        )

    def _write(self, connections: int) -> None:
        with self._lock:
            if self._clock.monotonic_ns() < self._due_ns:
                return
            cpu_ns = -time.thread_time_ns()
            try:
                status = self._store.status()
                now_ns = self._clock.monotonic_ns()
                cpu_ns += time.thread_time_ns()
                self._due_ns = now_ns + _PAUSE * cpu_ns
                self._write_series(status, now_ns)
                write_status(self._store.root, self._server_status(status, connections, now_ns))
            except (OSError, StoreError) as error:
                if str(error) != self._trouble:
                    _LOG.warning("The counters of the server cannot be written: %s", error)
                self._trouble = str(error)
            else:
                self._trouble = ""

    def _write_series(self, status: StoreStatus, now_ns: int) -> None:
        values: list[tuple[str, str, float]] = []
        for disk in status.disks:
            values.append((f"store.{disk.name}.bytes", "bytes", disk.bytes))
            values.append((f"store.{disk.name}.busy", "ns", disk.busy_ns))
            if self._states.get(disk.name, "ready") != disk.state:
                fields = {"disk": disk.name, "state": disk.state, "reason": disk.reason}
                self._series.event(_EVENTS, now_ns, "disk", fields)
            self._states[disk.name] = disk.state
        values.append(("store.blocks", "blocks", status.hits + status.misses))
        self._series.write(now_ns, values)
        delay, late = self._store.take_delay()
        if delay.count:
            self._series.histogram(_DELAY, "ns", now_ns, delay.encode())
            self._delay.merge(delay)
            self._late += late

    def _server_status(self, status: StoreStatus, connections: int, now_ns: int) -> ServerStatus:
        frontend = self._frontend
        return ServerStatus(
            address=self._address,
            pid=os.getpid(),
            started_ns=self._started_ns,
            time_ns=now_ns,
            uuid=status.uuid,
            block_bytes=status.block_bytes,
            replication=status.replication,
            objects=status.objects,
            buckets=status.buckets,
            disks=[_served(disk) for disk in status.disks],
            requests=frontend.traffic.requests,
            refused=frontend.traffic.refused,
            connections=connections,
            sent_bytes=frontend.reading.sent_bytes,
            received_bytes=frontend.writing.received_bytes,
            delay=self._delay_summary(),
        )

    def _delay_summary(self) -> DelaySummary:
        delay = self._delay
        p50, p99, p999 = (
            (delay.quantile(q) for q in (0.5, 0.99, 0.999)) if delay.count else (0, 0, 0)
        )
        return DelaySummary(
            bound_ns=DEADLINE_NS,
            blocks=delay.count,
            late=self._late,
            p50_ns=p50,
            p99_ns=p99,
            p999_ns=p999,
            max_ns=delay.maximum,
            buckets=delay.coarse(),
        )


def _served(disk: DiskStatus) -> ServedDisk:
    return ServedDisk(
        name=disk.name,
        path=disk.path,
        state=disk.state,
        capacity_bytes=disk.capacity_bytes,
        used_bytes=disk.used_bytes,
        bandwidth_bps=disk.bandwidth_bps,
        queue=disk.queued,
        busy_ns=disk.busy_ns,
        bytes=disk.bytes,
    )
