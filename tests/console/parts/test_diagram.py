"""The picture of a switch: boxes apart, lines as thick as their rates."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from riostat.console.parts.diagram import SwitchPicture, switch_picture
from riostat.console.parts.switchstate import Flow, PortView, SwitchView
from riostat.switch.status import Grants

rates = st.one_of(st.just(0.0), st.floats(1e-3, 1e12))


def flow(bits: float) -> Flow:
    return Flow(frames=1, bytes=1, frames_per_second=bits / 8000, bits_per_second=bits)


def shown(name: str, role: str, rx: float, tx: float) -> PortView:
    return PortView(
        name=name,
        kind="vhost",
        role=role,
        place="",
        state="running",
        reason="",
        policy="reuse",
        pid=0,
        worker=0,
        own_worker=False,
        queues=1,
        rx=flow(rx),
        tx=flow(tx),
        drops={},
        dropped=0,
        flooded=0,
        grants=Grants(0, 0, 0, 0, 0),
    )


def picture(ports: list[tuple[str, float, float]]) -> SwitchPicture:
    views = [shown(f"p{n}", role, rx, tx) for n, (role, rx, tx) in enumerate(ports)]
    return switch_picture(SwitchView(state="running", ports=views))


@given(st.lists(st.tuples(st.sampled_from(["guest", "uplink"]), rates, rates), max_size=32))
def test_boxes_stand_apart_and_lines_are_their_rates(ports: list[tuple[str, float, float]]) -> None:
    found = picture(ports)
    assert len(found.ports) == len(ports)
    for box in found.ports:
        assert box.y >= 0
        assert box.y + box.height <= found.height
        assert (box.x == 0) == (box.role == "guest")
        for line in box.lines:
            assert 0 <= line.width <= 12
            assert (line.width > 0) == (line.bits_per_second > 0)
            assert line.bits_per_second <= found.full_bits_per_second * (1 + 1e-9)
    for side in ("guest", "uplink"):
        edges = sorted(box.y for box in found.ports if box.role == side)
        assert all(low + 52 <= high for low, high in pairwise(edges))


def test_a_port_sends_inwards_and_is_given_outwards() -> None:
    guest, uplink = picture([("guest", 1e6, 2e6), ("uplink", 3e6, 4e6)]).ports
    rx, tx = guest.lines
    assert rx.x1 < rx.x2
    assert tx.x1 > tx.x2
    rx, tx = uplink.lines
    assert rx.x1 > rx.x2
    assert tx.x1 < tx.x2
    assert tx.width > rx.width


def test_colours_go_by_name() -> None:
    views = [shown(name, "guest", 0, 0) for name in ("web", "batch")]
    boxes = switch_picture(SwitchView(ports=views)).ports
    assert {box.name: box.slot for box in boxes} == {"batch": 0, "web": 1}
