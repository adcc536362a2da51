"""Figures of the parts are what their status says, and none where they do not run."""

from pathlib import Path

from riostat.console.parts.figures import PART_METRICS, store_figures, switch_figures
from riostat.console.parts.storestate import StoreSight, StoreView
from riostat.console.parts.switchstate import SwitchSight, SwitchView
from riostat.console.prometheus import Figures, lines
from riostat.store.serverstatus import ServedDisk
from riostat.switch.control import control_path
from tests.console.parts.standing import (
    port,
    said_store,
    said_switch,
    server_status,
    switch_status,
)


def _text(figures: Figures) -> list[str]:
    assert figures.keys() <= {metric.name for metric in PART_METRICS}
    return "".join(lines(PART_METRICS, figures)).splitlines()


def test_ports_are_told_apart_and_drops_by_reason(tmp_path: Path) -> None:
    status = switch_status(
        port("a", rx=(3, 180), tx=(2, 128), drops={"no_buffer": 4, "spoofed": 1}),
        port('b"', state="broken"),
    )
    with said_switch(tmp_path, lambda: status):
        text = _text(switch_figures(SwitchSight(control_path(tmp_path), None).look()))
    assert {
        'riostat_switch_port_state{port="a",state="running"} 1',
        'riostat_switch_port_state{port="b\\"",state="broken"} 1',
        'riostat_switch_rx_frames_total{port="a"} 3',
        'riostat_switch_rx_bytes_total{port="a"} 180',
        'riostat_switch_tx_frames_total{port="a"} 2',
        'riostat_switch_tx_bytes_total{port="a"} 128',
        'riostat_switch_dropped_frames_total{port="a",reason="no_buffer"} 4',
        'riostat_switch_dropped_frames_total{port="a",reason="spoofed"} 1',
        'riostat_switch_flooded_frames_total{port="a"} 0',
        'riostat_switch_grants_live{port="a"} 8',
        'riostat_switch_grants_mapped_total{port="a"} 16',
        'riostat_switch_grants_reused_total{port="a"} 1024',
        'riostat_switch_grants_revoked_total{port="a"} 8',
        'riostat_switch_grants_copied_total{port="a"} 0',
        "# TYPE riostat_switch_grants_live gauge",
        "# TYPE riostat_switch_rx_frames_total counter",
    } <= set(text)


def test_disks_and_delays_are_there(tmp_path: Path) -> None:
    disk = ServedDisk("d0", "/d0", "failed", 1 << 40, 7 << 30, 0, 2, 0, 10**15 + 1)
    status = server_status(disk, second=3, late=5, sent_bytes=9)
    with said_store(tmp_path, status):
        text = _text(store_figures(StoreSight(tmp_path, None).look()))
    assert {
        "riostat_store_objects 3",
        "riostat_store_requests_total 30",
        "riostat_store_connections 2",
        "riostat_store_sent_bytes_total 9",
        "riostat_store_received_bytes_total 0",
        "riostat_store_blocks_total 1015",
        "riostat_store_late_blocks_total 5",
        "riostat_store_delay_bound_seconds 1.0",
        'riostat_store_delay_seconds{quantile="0.5"} 0.0015',
        'riostat_store_delay_seconds{quantile="1"} 1.5',
        'riostat_store_disk_state{disk="d0",state="failed"} 1',
        'riostat_store_disk_bytes_total{disk="d0"} 1000000000000001',
        'riostat_store_disk_used_bytes{disk="d0"} 7516192768',
        'riostat_store_disk_capacity_bytes{disk="d0"} 1099511627776',
        'riostat_store_disk_queued{disk="d0"} 2',
    } <= set(text)


def test_a_part_that_does_not_run_has_no_figures() -> None:
    assert _text(switch_figures(SwitchView(state="failed", reason="No."))) == []
    assert _text(store_figures(StoreView())) == []


def test_without_a_block_there_is_no_delay() -> None:
    figures = store_figures(StoreView(state="running", quantiles_s={"p50": 0.0}))
    assert figures["riostat_store_delay_seconds"] == {}
