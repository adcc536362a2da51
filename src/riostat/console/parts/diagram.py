"""The picture of a switch: guests on the left, uplinks on the right, the driver domain between.

Every port has two lines, what it sends above what it is given; their width is their rate.
"""

import math
from collections.abc import Sequence

import msgspec

from riostat.console.parts.switchstate import Flow, PortView, SwitchView
from riostat.console.schema import line_slots

__all__ = ["Line", "PortBox", "SwitchPicture", "switch_picture"]

_WIDTH = 760.0
_BOX_WIDTH, _BOX_HEIGHT, _ROW = 190.0, 52.0, 76.0
_DRIVER_WIDTH = 120.0
_MARGIN = 12.0
_THICKEST, _THINNEST = 12.0, 1.0
_LEAST_BITS = 1e6


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One direction of a port: an arrow from `x1` to `x2`, as thick as its rate."""

    direction: str
    x1: float
    x2: float
    y: float
    width: float
    bits_per_second: float
    frames_per_second: float


class PortBox(msgspec.Struct, frozen=True, kw_only=True):
    """A port's box and its lines; `slot` is the number of its colour."""

    name: str
    role: str
    state: str
    aside: str
    slot: int | str
    x: float
    y: float
    width: float
    height: float
    lines: list[Line]


class SwitchPicture(msgspec.Struct, frozen=True, kw_only=True):
    """All boxes; a line of `full_bits_per_second` has the full width."""

    width: float
    height: float
    full_bits_per_second: float
    driver_x: float
    driver_y: float
    driver_width: float
    driver_height: float
    ports: list[PortBox]


def switch_picture(view: SwitchView) -> SwitchPicture:
    """Lay out the ports of a switch."""
    slots = line_slots(port.name for port in view.ports)
    guests = [port for port in view.ports if port.role != "uplink"]
    uplinks = [port for port in view.ports if port.role == "uplink"]
    rows = max(len(guests), len(uplinks), 1)
    height = rows * _ROW + 2 * _MARGIN
    rates = [flow.bits_per_second for port in view.ports for flow in (port.rx, port.tx)]
    full = _round_above(max(rates, default=0.0))
    boxes = [
        _box(port, slots[port.name], place, full=full, on_left=on_left, free=rows - len(side))
        for side, on_left in ((guests, True), (uplinks, False))
        for place, port in enumerate(side)
    ]
    return SwitchPicture(
        width=_WIDTH,
        height=height,
        full_bits_per_second=full,
        driver_x=(_WIDTH - _DRIVER_WIDTH) / 2,
        driver_y=_MARGIN,
        driver_width=_DRIVER_WIDTH,
        driver_height=height - 2 * _MARGIN,
        ports=boxes,
    )


def _box(
    port: PortView, slot: int | str, place: int, *, full: float, on_left: bool, free: int
) -> PortBox:
    middle = _MARGIN + (place + free / 2 + 0.5) * _ROW
    x = 0.0 if on_left else _WIDTH - _BOX_WIDTH
    outer = _BOX_WIDTH if on_left else _WIDTH - _BOX_WIDTH
    inner = (_WIDTH - _DRIVER_WIDTH) / 2 if on_left else (_WIDTH + _DRIVER_WIDTH) / 2
    return PortBox(
        name=port.name,
        role=port.role,
        state=port.state,
        aside=f"{port.kind} · {port.policy}",
        slot=slot,
        x=x,
        y=middle - _BOX_HEIGHT / 2,
        width=_BOX_WIDTH,
        height=_BOX_HEIGHT,
        lines=[
            _line("rx", port.rx, (outer, inner), middle - _BOX_HEIGHT / 4, full),
            _line("tx", port.tx, (inner, outer), middle + _BOX_HEIGHT / 4, full),
        ],
    )


def _line(direction: str, flow: Flow, ends: Sequence[float], y: float, full: float) -> Line:
    share = flow.bits_per_second / full
    width = _THINNEST + (_THICKEST - _THINNEST) * share if share else 0.0
    return Line(
        direction=direction,
        x1=ends[0],
        x2=ends[1],
        y=round(y, 1),
        width=round(width, 2),
        bits_per_second=flow.bits_per_second,
        frames_per_second=flow.frames_per_second,
    )


def _round_above(rate: float) -> float:
    """Return the next of 1, 2, 5, 10 ... that is no less than `rate`."""
    rate = max(rate, _LEAST_BITS)
    power = 10.0 ** math.floor(math.log10(rate))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rate * (1 - 1e-9))
