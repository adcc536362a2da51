"""The pages: rendered here as a whole, so that they read without JavaScript."""

import asyncio
from urllib.parse import quote, urlencode

import msgspec
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from riostat.console import queries
from riostat.console.analysis.question import Query, SpanQuery
from riostat.console.api import DIFF_KEYS, REPORT_KEYS
from riostat.console.console import Console
from riostat.console.forms import FORM, read_form
from riostat.console.links import ends_of, links_of
from riostat.console.recordings import (
    LEAST_FREQUENCY_HZ,
    LEAST_SECONDS,
    MOST_FREQUENCY_HZ,
    MOST_SECONDS,
    Recording,
    RecordingRequest,
)
from riostat.console.routes import HTML, Endpoint, Parameter
from riostat.console.schema import Diff, RunPage, SeriesPage
from riostat.console.sight import Sight
from riostat.console.static import StaticTree
from riostat.console.templates import Templates
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.manifest import new_manifest

__all__ = ["Pages"]

_RECENT = 8
_ROWS = 200
_VIEWER = "vendor/speedscope-1.25.0/index.html"
# A run without a profile, or one that cannot be read, still has a page: it says why.
_SHOWN_ON_THE_PAGE = frozenset({413, 422, 502, 503, 504})
_DIFF_FIELDS = (
    "before_run", "before_from", "before_to", "after_run", "after_from", "after_to",
)  # fmt: skip
_SPAN = (Parameter("from", "Start in seconds."), Parameter("to", "End in seconds."))
_SECOND_SPAN = (
    Parameter("from2", "Start of the second span."),
    Parameter("to2", "End of the second span."),
)
_VIEW = (
    Parameter("by", "Keys, repeated or separated by commas."),
    Parameter("event", "Name of the event; empty for the run's first."),
)


class Pages:
    """The handlers of the pages and what describes them."""

    def __init__(self, console: Console, templates: Templates, tree: StaticTree) -> None:
        self._console = console
        self._templates = templates
        self._tree = tree
        self._sight = Sight(new_manifest("console", command=(), clock=SYSTEM_CLOCK).machine)

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints that answer with pages."""
        return [
            Endpoint("/", self.overview, "This machine now.", media=HTML),
            Endpoint("/runs", self.runs, "The runs.", media=HTML),
            Endpoint(
                "/runs/{id}",
                self.run,
                "One run and a span of it.",
                media=HTML,
                parameters=(*_SPAN, *_VIEW, Parameter("children", "1: with callees.")),
                refusals=(400, 404),
            ),
            Endpoint(
                "/diff",
                self.diff,
                "Two spans side by side.",
                media=HTML,
                parameters=(
                    Parameter("before", "RUN@FROM..TO"),
                    Parameter("after", "RUN@FROM..TO"),
                    *(Parameter(name, "As the form sends it.") for name in _DIFF_FIELDS),
                    *_VIEW,
                ),
                refusals=(400, 404),
            ),
            Endpoint(
                "/runs/{id}/diff",
                self.run_diff,
                "Leads to the page of two spans of one run.",
                media=HTML,
                parameters=(*_SPAN, *_SECOND_SPAN),
                status=303,
                refusals=(404,),
            ),
            *self._recording_endpoints(),
        ]

    def _recording_endpoints(self) -> list[Endpoint]:
        return [
            Endpoint(
                "/record",
                self.record,
                "Start a recording from a form; leads to its page.",
                media=HTML,
                method="POST",
                body=RecordingRequest,
                body_media=FORM,
                status=303,
                refusals=(400, 409, 413, 415),
            ),
            Endpoint(
                "/recordings/{id}",
                self.recording,
                "How a recording fares; leads to its run when it is done.",
                media=HTML,
                refusals=(404,),
            ),
        ]

    async def overview(self, _request: Request) -> Response:
        """Answer /."""
        console = self._console
        summaries, _ = await asyncio.to_thread(
            console.catalogue.summaries, rolling=False, most=_RECENT
        )
        seen = await asyncio.to_thread(self._sight.look)
        live = console.live.now()
        context = {
            "live": msgspec.to_builtins(live),
            "slots": live.slots,
            "recent": msgspec.to_builtins(summaries),
            "missing": msgspec.to_builtins(seen.missing),
            "sampling": msgspec.to_builtins(seen.sampling),
            "machine": msgspec.to_builtins(seen.machine),
            "record": self._form(),
        }
        return self._templates.page("overview", context)

    async def runs(self, _request: Request) -> Response:
        """Answer /runs."""
        summaries, problems = await asyncio.to_thread(self._console.catalogue.summaries)
        shown = msgspec.to_builtins(summaries)
        context = {
            "runs": [run for run in shown if not _is_growing(run)],
            "rolling": next(filter(_is_growing, shown), None),
            "problem": " ".join(problems) or None,
            "record": self._form(),
        }
        return self._templates.page("runs", context)

    async def run(self, request: Request) -> Response:
        """Answer /runs/{id}."""
        query = request.query_params
        choice = queries.span(query)
        by = queries.keys(query, REPORT_KEYS)
        children = queries.flag(query, "children")
        event = queries.event_name(query)
        catalogue = self._console.catalogue
        detail = await asyncio.to_thread(catalogue.detail, request.path_params["id"])
        path = await asyncio.to_thread(catalogue.find, detail.id)
        choice, around = queries.shown_part(detail, choice)
        question = Query(
            kind="page",
            span=SpanQuery(str(path), choice.from_s, choice.to_s),
            other=SpanQuery(str(path), around.from_s, around.to_s),
            event=event,
            by=by,
            children=children,
            top=_ROWS,
        )
        context: dict[str, object] = {
            "run": msgspec.to_builtins(detail),
            "by": list(by),
            "keys": list(queries.KEYS),
            "children": children,
        }
        try:
            answer = await self._console.analysis.ask(question)
        except HTTPException as failure:
            if failure.status_code not in _SHOWN_ON_THE_PAGE:
                raise
            context |= _without_profile(failure.detail) | await self._series(question.span)
            return self._templates.page("run", context)
        shown = msgspec.json.decode(answer, type=RunPage)
        context |= _profile_context(shown, choice)
        context |= links_of(
            detail.id, shown, choice, by=by, children=children, viewer=self._tree.url(_VIEWER)
        )
        return self._templates.page("run", context)

    async def _series(self, span: SpanQuery) -> dict[str, object]:
        """Return what can be shown of a run that has no profile."""
        try:
            answer = await self._console.analysis.ask(Query(kind="series-page", span=span))
        except HTTPException:
            return {}  # why nothing can be shown is said already
        shown = msgspec.json.decode(answer, type=SeriesPage)
        found: dict[str, object] = msgspec.to_builtins(shown)
        return found

    async def run_diff(self, request: Request) -> Response:
        """Answer /runs/{id}/diff."""
        query = request.query_params
        find = self._console.catalogue.find
        run = (await asyncio.to_thread(find, request.path_params["id"])).name
        second = QueryParams({"from": query.get("from2", ""), "to": query.get("to2", "")})
        return _to_diff(queries.span(query).of(run), queries.span(second).of(run), query)

    async def diff(self, request: Request) -> Response:
        """Answer /diff."""
        query = request.query_params
        if query.get("before_run") and query.get("after_run"):
            return _to_diff(_from_form(query, "before"), _from_form(query, "after"), query)
        by = queries.keys(query, DIFF_KEYS)
        event = queries.event_name(query)
        catalogue = self._console.catalogue
        summaries, _ = await asyncio.to_thread(catalogue.summaries)
        context: dict[str, object] = {
            "runs": msgspec.to_builtins(summaries),
            "by": list(by),
            "keys": list(queries.KEYS),
            "event": event or "",
            "events": [],
            "form": dict.fromkeys(_DIFF_FIELDS, ""),
            "problem": None,
            "diff": None,
            "slots": {},
        }
        if not query.get("before") or not query.get("after"):
            return self._templates.page("diff", context)
        before, _ = await asyncio.to_thread(queries.reference, query["before"], catalogue)
        after, _ = await asyncio.to_thread(queries.reference, query["after"], catalogue)
        context["form"] = _form_fields("before", before) | _form_fields("after", after)
        question = Query(kind="diff", span=before, other=after, event=event, by=by, top=_ROWS)
        try:
            answer = await self._console.analysis.ask(question)
        except HTTPException as failure:
            if failure.status_code not in _SHOWN_ON_THE_PAGE:
                raise
            return self._templates.page("diff", context | {"problem": failure.detail})
        shown = msgspec.json.decode(answer, type=Diff)
        context |= {
            "diff": msgspec.to_builtins(shown),
            "event": shown.event,
            "events": shown.events,
            "slots": shown.slots,
        }
        return self._templates.page("diff", context)

    async def record(self, request: Request) -> Response:
        """Answer POST /record."""
        asked = await read_form(request, RecordingRequest)
        recording = self._console.recordings.start(asked)
        return RedirectResponse(recording.href, 303)

    async def recording(self, request: Request) -> Response:
        """Answer /recordings/{id}."""
        recording = self._console.recordings.find(request.path_params["id"])
        if recording.run is not None:
            return RedirectResponse(f"/runs/{quote(recording.run, safe='')}", 303)
        context = {
            "recording": msgspec.to_builtins(recording),
            "refresh_s": 1 if recording.state == "running" else None,
        }
        return self._templates.page("recording", context)

    def _form(self) -> dict[str, object]:
        recordings = self._console.recordings
        running: Recording | None = recordings.running
        default = RecordingRequest()
        return {
            "action": "/record",
            "events": list(recordings.events),
            "event": recordings.events[0],
            "seconds": default.seconds,
            "seconds_min": LEAST_SECONDS,
            "seconds_max": MOST_SECONDS,
            "frequency_hz": default.frequency_hz,
            "frequency_hz_min": LEAST_FREQUENCY_HZ,
            "frequency_hz_max": MOST_FREQUENCY_HZ,
            "running": None if running is None else msgspec.to_builtins(running),
            "problem": None,
        }


def _is_growing(run: dict[str, object]) -> bool:
    return bool(run["rolling"] and run["recording"])


def _without_profile(sentence: str) -> dict[str, object]:
    absent = ("head", "domains", "report", "timeline", "treemap", "flame", "links", "span")
    return dict.fromkeys(absent) | {
        "series": [],
        "marks": [],
        "delays": None,
        "problem": sentence,
        "event": "",
        "events": [],
        "query": "",
        "rows_left_out": 0,
        "slots": {},
    }


def _profile_context(shown: RunPage, choice: queries.SpanChoice) -> dict[str, object]:
    start, end = ends_of(shown, choice)
    timeline = msgspec.to_builtins(shown.timeline) | {"svg": shown.timeline_picture}
    return {
        "problem": None,
        "event": shown.event,
        "events": shown.events,
        "span": {
            "from_s": start,
            "to_s": end,
            "whole": choice.from_s is None and choice.to_s is None,
            "start_s": shown.start_s,
            "end_s": shown.end_s,
        },
        "head": msgspec.to_builtins(shown.head),
        "domains": msgspec.to_builtins(shown.domains),
        "report": msgspec.to_builtins(shown.report),
        "rows_left_out": shown.report.rows_left_out,
        "timeline": timeline,
        "series": shown.series,
        "delays": None if shown.delays is None else msgspec.to_builtins(shown.delays),
        "treemap": shown.treemap,
        "flame": shown.flame,
        "slots": shown.slots,
    }


def _from_form(query: QueryParams, side: str) -> str:
    ends = QueryParams({"from": query.get(f"{side}_from", ""), "to": query.get(f"{side}_to", "")})
    return queries.span(ends).of(query[f"{side}_run"])


def _form_fields(side: str, span: SpanQuery) -> dict[str, str]:
    run = span.path.rpartition("/")[2]
    ends = (("from", span.from_s), ("to", span.to_s))
    shown = {f"{side}_{name}": "" if value is None else f"{value:g}" for name, value in ends}
    return {f"{side}_run": run, **shown}


def _to_diff(before: str, after: str, query: QueryParams) -> Response:
    pairs = [("before", before), ("after", after)]
    pairs += [("by", key) for key in query.getlist("by")]
    pairs += [("event", query["event"])] if query.get("event") else []
    return RedirectResponse(f"/diff?{urlencode(pairs, safe='@.')}", 303)
