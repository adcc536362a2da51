"""What a request asks for, read from its query; what makes no sense ends with a sentence."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from riostat.console.analysis import question
from riostat.console.answers import refusal
from riostat.console.runs import RunCatalogue, RunDetail
from riostat.core.span import parse_span
from riostat.core.text import printable

__all__ = [
    "KEYS",
    "SpanChoice",
    "event_name",
    "flag",
    "keys",
    "reference",
    "shown_part",
    "span",
    "whole_number",
]

KEYS = ("domain", "process", "pid", "module", "symbol", "cpu", "mode")

_EVENT = re.compile(r"[A-Za-z0-9:_-]{1,64}")
_LATEST_SECOND = 1e9
_SHOWN = 40
_LATEST_S = 600.0


@dataclass(frozen=True, slots=True)
class SpanChoice:
    """The part of a run that was asked for; None is the run's own start or end."""

    from_s: float | None
    to_s: float | None

    def of(self, run: str) -> str:
        """Return it as the command line writes it: RUN@FROM..TO."""
        return question.reference(run, self.from_s, self.to_s)


def span(query: QueryParams) -> SpanChoice:
    """Return the span of `from` and `to`, in seconds."""
    start, end = _moment(query, "from"), _moment(query, "to")
    if start is not None and end is not None and start >= end:
        raise refusal(
            400, f"The span from {start:g} to {end:g} s holds nothing; let it end after its start."
        )
    return SpanChoice(start, end)


def _moment(query: QueryParams, name: str) -> float | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _LATEST_SECOND:
        raise refusal(
            400, f"{name}={printable(text[:_SHOWN])} is no moment of a run; give seconds from 0 on."
        )
    return value


def shown_part(run: RunDetail, choice: SpanChoice) -> tuple[SpanChoice, SpanChoice]:
    """Return the span that a run's page shows, and the one that its timeline covers.

    Of a run that is still growing, hours perhaps, the page shows the last minutes unless it is
    asked for others.
    """
    everything = SpanChoice(None, None)
    from_s = math.floor(run.seconds) - _LATEST_S
    if not (run.rolling and run.recording) or from_s <= 0:
        return choice, everything
    latest = SpanChoice(from_s, None)
    if choice == everything:
        return latest, latest
    is_late = choice.from_s is not None and choice.from_s >= from_s
    return choice, latest if is_late else everything


def keys(query: QueryParams, default: Iterable[str]) -> tuple[str, ...]:
    """Return the keys of `by`, which may be repeated or separated by commas."""
    given = [key for text in query.getlist("by") for key in text.split(",") if key]
    unknown = next((key for key in given if key not in KEYS), None)
    if unknown is not None:
        raise refusal(
            400, f"by={printable(unknown[:_SHOWN])} is no key; the keys are {', '.join(KEYS)}."
        )
    return tuple(dict.fromkeys(given)) or tuple(default)


def event_name(query: QueryParams) -> str | None:
    """Return the event that was asked for."""
    text = query.get("event", "")
    if not text:
        return None
    if not _EVENT.fullmatch(text):
        raise refusal(400, f"No event can be called {printable(text[:_SHOWN])!r}.")
    return text


def flag(query: QueryParams, name: str) -> bool:
    """Return whether a checkbox was ticked."""
    return query.get(name, "") not in {"", "0", "false", "off"}


def whole_number(query: QueryParams, name: str, *, default: int, low: int, high: int) -> int:
    """Return a whole number between two bounds."""
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 12 and low <= int(text) <= high):
        raise refusal(
            400, f"{name}={printable(text[:_SHOWN])} cannot be; give a number from {low} to {high}."
        )
    return int(text)


def reference(text: str, catalogue: RunCatalogue) -> tuple[question.SpanQuery, str]:
    """Return the span that RUN@FROM..TO stands for, and how it is written in full.

    Raises `RunError`.
    """
    asked = parse_span(text)
    path = catalogue.find(asked.run)
    choice = SpanChoice(asked.from_seconds, asked.to_seconds)
    return question.SpanQuery(str(path), asked.from_seconds, asked.to_seconds), choice.of(path.name)
