"""The delays of blocks against their bound, laid out on logarithmic axes.

Counts span six decades where one block in a million is late, so the height of a bar is the
logarithm of its count: a single late block is still to be seen.
"""

import math
from collections.abc import Sequence

import msgspec

__all__ = ["DelayBar", "DelayPicture", "DelayTick", "delay_picture"]

_WIDTH, _HEIGHT = 640.0, 170.0
_LEAST_NS = 1e3
_UNITS = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"))


class DelayBar(msgspec.Struct, frozen=True, kw_only=True):
    """How many delays lay between two; places are in the picture's own width and height."""

    x: float
    y: float
    width: float
    height: float
    label: str
    late: bool


class DelayTick(msgspec.Struct, frozen=True, kw_only=True):
    """A decade of one axis: its place along it, and its words."""

    at: float
    label: str


class DelayPicture(msgspec.Struct, frozen=True, kw_only=True):
    """The histogram; `bound` is the place of the bound along the axis of delays."""

    width: float
    height: float
    bars: list[DelayBar]
    ticks: list[DelayTick]
    levels: list[DelayTick]
    bound: float | None
    bound_label: str


def delay_picture(buckets: Sequence[tuple[int, int, int]], bound_ns: int) -> DelayPicture | None:
    """Return the picture of (low, high, count) buckets, in ns; None where nothing was counted."""
    counted = [(low, high, count) for low, high, count in buckets if count > 0]
    if not counted:
        return None
    longest = max(*(high for _, high, _ in counted), bound_ns, _LEAST_NS * 10)
    left = math.floor(math.log10(max(min(low for low, _, _ in counted), _LEAST_NS)))
    right = max(math.ceil(math.log10(longest)), left + 1)
    top = math.log10(max(count for _, _, count in counted)) + 1

    def x_of(delay_ns: float) -> float:
        place = (math.log10(max(delay_ns, 10.0**left)) - left) / (right - left)
        return round(_WIDTH * min(place, 1.0), 1)

    def y_of(count: float) -> float:
        return round(_HEIGHT * (1 - (math.log10(count) + 1) / (top + 0.2)), 1)

    bars = [
        DelayBar(
            x=x_of(low),
            y=y_of(count),
            width=round(max(x_of(high) - x_of(low) - 1, 1.0), 1),
            height=round(_HEIGHT - y_of(count), 1),
            label=f"{_shown(low)} to {_shown(high)}: {count}",
            late=0 < bound_ns <= low,
        )
        for low, high, count in counted
    ]
    decades = range(left, right + 1)
    return DelayPicture(
        width=_WIDTH,
        height=_HEIGHT,
        bars=bars,
        ticks=[DelayTick(at=x_of(10.0**d), label=_shown(10.0**d)) for d in decades],
        levels=[
            DelayTick(at=y_of(10**power), label=f"{10**power:,}".replace(",", "\u2009"))
            for power in range(math.floor(top - 1) + 1)
        ],
        bound=x_of(bound_ns) if bound_ns > 0 else None,
        bound_label=_shown(bound_ns) if bound_ns > 0 else "",
    )


def _shown(delay_ns: float) -> str:
    factor, unit = next((u for u in _UNITS if delay_ns >= u[0]), (1.0, "ns"))
    return f"{delay_ns / factor:.3g} {unit}"
