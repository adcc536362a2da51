"""A switch and a store that say of themselves what a test wants to see on a page.

They speak through the real control socket and the real status file; only the counters are made up.
"""

import contextlib
import selectors
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from riostat.store.serverstatus import (
    DelaySummary,
    ServedDisk,
    ServerStatus,
    holding,
    write_status,
)
from riostat.switch.control import Answer, ControlServer, Request, control_path
from riostat.switch.status import Direction, Grants, PortStatus, SwitchStatus, Worker

__all__ = ["SECOND_NS", "port", "said_store", "said_switch", "server_status", "switch_status"]

SECOND_NS = 1_000_000_000


def port(
    name: str,
    *,
    rx: tuple[int, int] = (0, 0),
    tx: tuple[int, int] = (0, 0),
    role: str = "guest",
    state: str = "running",
    reason: str = "",
    drops: dict[str, int] | None = None,
) -> PortStatus:
    """A port; `rx` and `tx` are (frames, bytes)."""
    return PortStatus(
        name=name,
        kind="tap" if role == "uplink" else "vhost",
        role=role,
        place=f"{name}.sock",
        state=state,
        reason=reason,
        policy="reuse",
        pid=0,
        worker=0,
        own_worker=False,
        queues=1,
        rx=Direction(*rx),
        tx=Direction(*tx),
        drops=drops or {},
        flooded=0,
        grants=Grants(live=8, mapped=16, reused=1024, revoked=8, copied=0),
    )


def switch_status(*ports: PortStatus, second: float = 0.0, started: int = 0) -> SwitchStatus:
    """A switch with these ports, so many seconds after it began."""
    return SwitchStatus(
        time_ns=started + round(second * SECOND_NS),
        started_ns=started,
        run="",
        queues="per-guest",
        workers=(Worker(0, -1, 1, "running"),),
        ports=ports,
    )


@contextlib.contextmanager
def said_switch(data: Path, say: Callable[[], SwitchStatus]) -> Iterator[None]:
    """Answer at a data directory's control socket with what `say` returns."""

    def handle(_request: Request) -> Answer:
        return say()

    path = control_path(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    ended = threading.Event()
    with selectors.DefaultSelector() as selector:
        server = ControlServer(path, selector, handle)

        def serve() -> None:
            while not ended.is_set():
                for key, _ in selector.select(0.05):
                    key.data()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            server.close()


def server_status(
    *disks: ServedDisk, second: float = 0.0, late: int = 0, sent_bytes: int = 0
) -> ServerStatus:
    """A store's server with these disks, so many seconds after it began."""
    buckets = [(1 << 20, 1 << 21, 1000), (1 << 21, 1 << 22, 10)]
    if late:
        buckets.append((1 << 30, 1 << 31, late))
    return ServerStatus(
        address="http://127.0.0.1:8181",
        pid=1,
        started_ns=SECOND_NS,
        time_ns=round((1 + second) * SECOND_NS),
        uuid="0" * 32,
        block_bytes=1 << 20,
        replication=1.0,
        objects=3,
        buckets=1,
        disks=list(disks),
        requests=round(10 * second),
        refused=0,
        connections=2,
        sent_bytes=sent_bytes,
        received_bytes=0,
        delay=DelaySummary(
            bound_ns=SECOND_NS,
            blocks=1010 + late,
            late=late,
            p50_ns=1_500_000,
            p99_ns=2_500_000,
            p999_ns=3_000_000,
            max_ns=1_500_000_000 if late else 4_000_000,
            buckets=buckets,
        ),
    )


@contextlib.contextmanager
def said_store(root: Path, status: ServerStatus) -> Iterator[Callable[[ServerStatus], None]]:
    """Be the server of the store in a directory, as far as others see; gives what replaces it."""
    root.mkdir(parents=True, exist_ok=True)
    with holding(root):
        write_status(root, status)
        yield lambda newer: write_status(root, newer)
