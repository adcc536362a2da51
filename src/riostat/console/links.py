"""Where the page of a run leads: its exports, the viewer, and its halves side by side."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from riostat.console.queries import SpanChoice
from riostat.console.schema import RunPage

__all__ = ["ends_of", "links_of"]


def ends_of(shown: RunPage, choice: SpanChoice) -> tuple[float, float]:
    """Return the ends of what is shown, in seconds from the start of the run."""
    start = shown.start_s if choice.from_s is None else choice.from_s
    return start, shown.end_s if choice.to_s is None else choice.to_s


def links_of(
    run: str,
    shown: RunPage,
    choice: SpanChoice,
    *,
    by: Sequence[str],
    children: bool,
    viewer: str,
) -> dict[str, object]:
    """Return the query of this view, and the links that take it along.

    `viewer` is the address of the flame graph viewer, which loads an export by itself.
    """
    given = (("from", choice.from_s), ("to", choice.to_s))
    span = [(name, f"{value:.9g}") for name, value in given if value is not None]
    event = [("event", shown.event)]
    keys = [("by", key) for key in by]
    view = urlencode([*span, *keys, *event, *([("children", "1")] if children else [])])
    of_span = urlencode([*span, *event])
    start, end = ends_of(shown, choice)
    middle = (start + end) / 2
    halves = [
        ("before", SpanChoice(start, middle).of(run)),
        ("after", SpanChoice(middle, end).of(run)),
        *event,
    ]
    api = f"/api/runs/{run}"
    speedscope = f"{api}/speedscope?{of_span}"
    return {
        "query": view,
        "links": {
            "json": f"{api}/report?{view}",
            "folded": f"{api}/folded?{of_span}",
            "speedscope": speedscope,
            "perf_script": f"{api}/perf-script?{of_span}",
            "speedscope_viewer": f"{viewer}#profileURL={quote(speedscope, safe='/')}",
            "diff": f"/diff?{urlencode(halves, safe='@.')}",
        },
    }
