"""Figures of the switch and the store for Prometheus, of what the console has read of them last.

A part that does not run has none. Counters begin at zero with the part, or with a port's guest.
"""

from collections.abc import Callable
from typing import TypeVar

from riostat.console.parts.storestate import DiskView, StoreView
from riostat.console.parts.switchstate import PortView, SwitchView
from riostat.console.prometheus import Figures, Labels, Metric

__all__ = ["PART_METRICS", "store_figures", "switch_figures"]

PART_METRICS = tuple(
    Metric(f"riostat_{name}", "counter" if name.endswith("_total") else "gauge", text)
    for name, text in (
        ("switch_port_state", "1 for the state that a port is in."),
        ("switch_rx_frames_total", "Frames that came from a port's guest."),
        ("switch_rx_bytes_total", "Bytes of frames that came from a port's guest."),
        ("switch_tx_frames_total", "Frames that went to a port's guest."),
        ("switch_tx_bytes_total", "Bytes of frames that went to a port's guest."),
        ("switch_dropped_frames_total", "Frames that were dropped, by port and reason."),
        ("switch_flooded_frames_total", "Copies beyond the first of frames that a port sent."),
        ("switch_grants_live", "Grants of a port that are mapped now."),
        ("switch_grants_mapped_total", "Grants of a port that were mapped."),
        ("switch_grants_reused_total", "Times that a grant of a port was mapped already."),
        ("switch_grants_revoked_total", "Grants of a port that were taken back."),
        ("switch_grants_copied_total", "Frames that the kernel copied from or to a port."),
        ("store_objects", "Objects in the store."),
        ("store_requests_total", "Requests that the store's server was sent."),
        ("store_connections", "Connections to the store's server."),
        ("store_sent_bytes_total", "Bytes of objects that were sent."),
        ("store_received_bytes_total", "Bytes of objects that were received."),
        ("store_blocks_total", "Blocks that were read from a disk."),
        ("store_late_blocks_total", "Blocks that came later than the bound."),
        ("store_delay_bound_seconds", "The bound of the time from request to block."),
        ("store_delay_seconds", "Times from request to block: quantiles since the server began."),
        ("store_disk_state", "1 for the state that a disk is in."),
        ("store_disk_bytes_total", "Bytes that came from a disk or went to it."),
        ("store_disk_used_bytes", "Bytes of a disk that hold something."),
        ("store_disk_capacity_bytes", "Bytes that the store may use of a disk."),
        ("store_disk_queued", "Requests that wait for a disk."),
    )
)

_QUANTILES = {"p50": "0.5", "p99": "0.99", "p999": "0.999", "max": "1"}

_Item = TypeVar("_Item", PortView, DiskView)


def switch_figures(switch: SwitchView) -> Figures:
    """Return what is known of the switch."""
    if switch.state != "running":
        return {}
    ports = switch.ports

    def each(value: Callable[[PortView], float]) -> dict[Labels, float]:
        return _each("port", ports, value)

    return {
        "riostat_switch_port_state": {(("port", p.name), ("state", p.state)): 1 for p in ports},
        "riostat_switch_rx_frames_total": each(lambda port: port.rx.frames),
        "riostat_switch_rx_bytes_total": each(lambda port: port.rx.bytes),
        "riostat_switch_tx_frames_total": each(lambda port: port.tx.frames),
        "riostat_switch_tx_bytes_total": each(lambda port: port.tx.bytes),
        "riostat_switch_dropped_frames_total": {
            (("port", port.name), ("reason", reason)): count
            for port in ports
            for reason, count in port.drops.items()
        },
        "riostat_switch_flooded_frames_total": each(lambda port: port.flooded),
        "riostat_switch_grants_live": each(lambda port: port.grants.live),
        "riostat_switch_grants_mapped_total": each(lambda port: port.grants.mapped),
        "riostat_switch_grants_reused_total": each(lambda port: port.grants.reused),
        "riostat_switch_grants_revoked_total": each(lambda port: port.grants.revoked),
        "riostat_switch_grants_copied_total": each(lambda port: port.grants.copied),
    }


def store_figures(store: StoreView) -> Figures:
    """Return what is known of the store's server; delays where a block was read."""
    if store.state != "running":
        return {}
    disks = store.disks

    def each(value: Callable[[DiskView], float]) -> dict[Labels, float]:
        return _each("disk", disks, value)

    return {
        "riostat_store_objects": store.objects,
        "riostat_store_requests_total": store.requests,
        "riostat_store_connections": store.connections,
        "riostat_store_sent_bytes_total": store.sent_bytes,
        "riostat_store_received_bytes_total": store.received_bytes,
        "riostat_store_blocks_total": store.blocks,
        "riostat_store_late_blocks_total": store.late,
        "riostat_store_delay_bound_seconds": store.bound_s,
        "riostat_store_delay_seconds": {
            (("quantile", _QUANTILES[name]),): seconds
            for name, seconds in store.quantiles_s.items()
            if store.blocks
        },
        "riostat_store_disk_state": {(("disk", d.name), ("state", d.state)): 1 for d in disks},
        "riostat_store_disk_bytes_total": each(lambda disk: disk.bytes),
        "riostat_store_disk_used_bytes": each(lambda disk: disk.used_bytes),
        "riostat_store_disk_capacity_bytes": each(lambda disk: disk.capacity_bytes),
        "riostat_store_disk_queued": each(lambda disk: disk.queue),
    }


def _each(label: str, items: list[_Item], value: Callable[[_Item], float]) -> dict[Labels, float]:
    return {((label, item.name),): value(item) for item in items}
