"""Rates of a store: the difference of two states of its server, and its delays as a picture."""

from pathlib import Path

import pytest

from riostat.console.parts.storestate import StoreSight
from riostat.store.serverstatus import ServedDisk
from tests.console.parts.standing import SECOND_NS, said_store, server_status


def disk(*, moved: int, busy_s: float) -> ServedDisk:
    return ServedDisk(
        name="a",
        path="disks/a",
        state="ready",
        capacity_bytes=1 << 30,
        used_bytes=1 << 28,
        bandwidth_bps=0,
        queue=3,
        busy_ns=round(busy_s * SECOND_NS),
        bytes=moved,
    )


def test_rates_are_the_growth_of_counters(tmp_path: Path) -> None:
    looking = StoreSight(tmp_path, None)
    first = server_status(disk(moved=1000, busy_s=0.0), second=1)
    with said_store(tmp_path, first) as say:
        assert looking.look().disks_bps == 0
        say(server_status(disk(moved=5000, busy_s=0.5), second=3, sent_bytes=1 << 20))
        view = looking.look()
        assert looking.look() == view, "the same answer is not one of the next second"
    (shown,) = view.disks
    assert shown.bps == pytest.approx(2000)
    assert shown.utilisation == pytest.approx(0.25)
    assert view.disks_bps == pytest.approx(2000)
    assert view.sent_bps == pytest.approx((1 << 20) / 2)
    assert view.requests_per_second == pytest.approx(10)
    assert len(view.history) == 2


def test_late_blocks_are_seen_beyond_the_bound(tmp_path: Path) -> None:
    with said_store(tmp_path, server_status(second=1, late=1)):
        view = StoreSight(tmp_path, None).look()
    assert (view.blocks, view.late, view.bound_s) == (1011, 1, 1.0)
    assert view.delays is not None
    (late,) = [bar for bar in view.delays.bars if bar.late]
    assert view.delays.bound is not None
    assert late.x > view.delays.bound
    assert late.height > 0


def test_no_server_is_absent_starting_or_failed(tmp_path: Path) -> None:
    assert StoreSight(tmp_path, None).look().state == "absent"
    assert StoreSight(tmp_path, lambda: None).look().state == "starting"
    failed = StoreSight(tmp_path, lambda: "Its port is taken.").look()
    assert (failed.state, failed.reason) == ("failed", "Its port is taken.")


def test_a_status_that_no_server_wrote_is_a_sentence(tmp_path: Path) -> None:
    with said_store(tmp_path, server_status(second=1)):
        (tmp_path / "server.json").write_text("{")
        view = StoreSight(tmp_path, None).look()
    assert view.state == "failed"
    assert view.reason is not None
    assert "cannot be read" in view.reason
