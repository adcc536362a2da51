"""A reference to a run, or to a span of one: ``RUN``, ``RUN@FROM..TO``, seconds from its start."""

import math
import re
from dataclasses import dataclass

from riostat.core.errors import RunError
from riostat.core.text import printable

__all__ = ["Span", "parse_span"]

_SPAN = re.compile(r"(?P<run>.+?)(?:@(?P<from>[0-9.]*)\.\.(?P<to>[0-9.]*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a run; None stands for the run's own start or end."""

    run: str
    from_seconds: float | None = None
    to_seconds: float | None = None

    def bounds_ns(self, *, started_ns: int, ended_ns: int) -> tuple[int, int]:
        """Return the half-open interval on CLOCK_MONOTONIC of a run with this start and end."""
        start, end = started_ns, ended_ns + 1
        if self.from_seconds is not None:
            start = started_ns + round(self.from_seconds * 1e9)
        if self.to_seconds is not None:
            end = started_ns + round(self.to_seconds * 1e9)
        return start, end


def parse_span(text: str) -> Span:
    """Return the span that a person wrote, or raise `RunError`."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise _refusal(text)
    from_seconds, to_seconds = _seconds(match["from"], text), _seconds(match["to"], text)
    if from_seconds is not None and to_seconds is not None and from_seconds >= to_seconds:
        raise _refusal(text)
    return Span(match["run"], from_seconds, to_seconds)


def _seconds(digits: str | None, text: str) -> float | None:
    if not digits:
        return None
    try:
        value = float(digits)
    except ValueError as error:
        raise _refusal(text) from error
    if not math.isfinite(value) or value > 1e9:
        raise _refusal(text)
    return value


def _refusal(text: str) -> RunError:
    return RunError(
        f"{printable(text)!r} is no span of a run; write RUN@FROM..TO with seconds from its start, "
        "as in latest@1.5..4."
    )
