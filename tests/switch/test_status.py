"""A port's counters as the status shows them."""

from riostat.switch.ports import (
    Drop,
    GrantCounters,
    Policy,
    PortCounters,
    PortKind,
    PortState,
    QueueCounters,
)
from riostat.switch.status import Direction, Grants, count_port


def test_queues_are_added_and_drops_named() -> None:
    counted = PortCounters(
        name="a",
        kind=PortKind.VHOST,
        policy=Policy.MAP,
        state=PortState.RUNNING,
        worker=3,
        own_worker=True,
        queues=[QueueCounters(rx_frames=1, rx_bytes=2, tx_frames=3, tx_bytes=4)] * 2,
        drops={Drop.NO_BUFFER: 5, Drop.OFFLOAD: 0},
        flooded=6,
        grants=GrantCounters(live=1, mapped=2, reused=3, revoked=4, copied=5),
    )
    assert count_port(counted) == {
        "worker": 3,
        "own_worker": True,
        "rx": Direction(2, 4),
        "tx": Direction(6, 8),
        "drops": {"no_buffer": 5},
        "flooded": 6,
        "grants": Grants(1, 2, 3, 4, 5),
    }


def test_a_port_that_never_had_a_guest_has_carried_nothing() -> None:
    counted = count_port(None)
    assert (counted["worker"], counted["rx"], counted["drops"]) == (-1, Direction(0, 0), {})
