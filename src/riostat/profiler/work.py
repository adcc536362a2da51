"""Work that a run counts besides its samples: frames and bytes that a switch delivered.

Counters are cumulative series; how much was done in a span is the difference of what they would
show at its ends, on straight lines between their points.
"""

from typing import Final

import numpy as np

from riostat.core.channels import ChannelKind
from riostat.core.errors import ProfileError
from riostat.core.run import Run

__all__ = ["WORK_UNITS", "work_in"]

WORK_UNITS: Final = {"frame": ("switch.", ".tx.frames"), "byte": ("switch.", ".tx.bytes")}
"""How the channels begin and end whose sum counts a unit; tx is what a switch delivered."""


def work_in(run: Run, unit: str, *, from_ns: int, to_ns: int) -> float:
    """Return how many units of work, one of `WORK_UNITS`, a run did in a span of its time.

    Raises ProfileError where it counts none, or did none.
    """
    begin, end = WORK_UNITS[unit]
    names = [
        channel.name
        for channel in run.state().channels
        if channel.kind is ChannelKind.SERIES
        and channel.name.startswith(begin)
        and channel.name.endswith(end)
    ]
    if not names:
        raise ProfileError(
            f"The run has no channel that counts {unit}s, so it has no costs per {unit}; ask for "
            "--per second."
        )
    done = sum(_growth(run, name, from_ns, to_ns) for name in names)
    if done <= 0:
        raise ProfileError(
            f"The run counted no {unit}s in this span, so it has no costs per {unit}; choose a "
            "span in which some were delivered."
        )
    return done


def _growth(run: Run, channel: str, from_ns: int, to_ns: int) -> float:
    times, values = (np.asarray(column) for column in run.series(channel))
    if not len(times):
        return 0.0
    # Counters begin anew where a port does: what is counted is every step upwards.
    steps = np.maximum(np.diff(values, prepend=values[0]), 0.0)
    # Times are relative to the span, so that nanoseconds do not drown in the clock's digits.
    seconds = (times.astype(np.int64) - from_ns).astype(np.float64)
    ends = np.interp([0.0, float(to_ns - from_ns)], seconds, np.cumsum(steps))
    return float(ends[1] - ends[0])
