"""The JSON API."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from riostat.console import queries
from riostat.console.analysis.question import Query, QueryKind, SpanQuery
from riostat.console.answers import event, json_answer, refusal, stream
from riostat.console.console import Console
from riostat.console.live.state import LiveState
from riostat.console.metrics import exposition
from riostat.console.recordings import Recording, RecordingRequest
from riostat.console.routes import EVENTS, JSON, TEXT, Endpoint, Handler, Parameter
from riostat.console.runs import RunDetail, RunSummary
from riostat.console.schema import Diff, Domains, Node, Report, Series, Timeline

__all__ = ["DIFF_KEYS", "REPORT_KEYS", "Api", "Health", "RunList", "read_body"]

REPORT_KEYS = ("domain", "process", "module", "symbol")
DIFF_KEYS = ("domain", "symbol")

_BODY_BYTES = 16 << 10
_BINS, _MOST_BINS = 120, 2000
_ROWS, _MOST_ROWS = 200, 10_000

_EVENT = Parameter("event", "Name of the event; empty for the run's first.")
_SPAN = (
    Parameter("from", "Start in seconds from the run's start; empty for all.", {"type": "number"}),
    Parameter("to", "End in seconds from the run's start; empty for all.", {"type": "number"}),
    _EVENT,
)
_BY = Parameter("by", f"Keys, separated by commas, out of {', '.join(queries.KEYS)}.")
_CHILDREN = Parameter("children", "1: a function's row has its callees' samples too.")
_TOP = Parameter("top", "Most rows to return.", {"type": "integer", "maximum": _MOST_ROWS})
_BIN_COUNT = Parameter("bins", "How many bins.", {"type": "integer", "maximum": _MOST_BINS})
_RUN_REFUSALS = (400, 404, 413, 422, 502, 503, 504)


class RunList(msgspec.Struct, frozen=True):
    """The runs, newest first; `problems` has a sentence for each that cannot be read."""

    runs: list[RunSummary]
    problems: list[str]


class Health(msgspec.Struct, frozen=True):
    """That the server answers."""

    status: str


class Api:
    """The handlers of the API and what describes them."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints that answer in JSON, text or event streams."""
        return [
            Endpoint("/healthz", self.health, "Whether the server answers.", answer=Health),
            Endpoint("/metrics", self.metrics, "Figures for Prometheus.", media=TEXT),
            Endpoint("/api/now", self.now, "The live profile and its history.", answer=LiveState),
            Endpoint(
                "/api/live",
                self.live,
                "The live profile once a second, as events named live.",
                media=EVENTS,
                answer=LiveState,
                refusals=(503,),
            ),
            *self._run_endpoints(),
            *self._recording_endpoints(),
        ]

    def _run_endpoints(self) -> list[Endpoint]:
        def part(
            name: str, handler: Handler, summary: str, answer: object, *more: Parameter
        ) -> Endpoint:
            return Endpoint(
                f"/api/runs/{{id}}/{name}",
                handler,
                summary,
                answer=answer,
                parameters=(*_SPAN, *more),
                refusals=_RUN_REFUSALS,
                media=TEXT if name in {"folded", "perf-script"} else JSON,
            )

        return [
            Endpoint("/api/runs", self.runs, "The runs, newest first.", answer=RunList),
            Endpoint(
                "/api/runs/{id}", self.run, "One run.", answer=RunDetail, refusals=(400, 404, 422)
            ),
            part("timeline", self.timeline, "Shares of domains over time.", Timeline, _BIN_COUNT),
            part("series", self.series, "Ports and disks over time.", Series, _BIN_COUNT),
            part("report", self.report, "The report.", Report, _BY, _CHILDREN, _TOP),
            part("domains", self.domains, "Domains by events.", Domains),
            part("tree", self.tree, "Domains, processes, modules, symbols as a tree.", Node),
            part("flame", self.flame, "Call chains as a tree.", Node),
            part("speedscope", self.speedscope, "The samples for speedscope.", None),
            part("folded", self.folded, "The samples as folded stacks.", None),
            part("perf-script", self.perf_script, "The samples as `perf script` has them.", None),
            Endpoint(
                "/api/diff",
                self.diff,
                "What changed between two spans, beyond the error bars first.",
                answer=Diff,
                parameters=(
                    Parameter("before", "RUN@FROM..TO"),
                    Parameter("after", "RUN@FROM..TO"),
                    _EVENT,
                    _BY,
                    _TOP,
                ),
                refusals=_RUN_REFUSALS,
            ),
        ]

    def _recording_endpoints(self) -> list[Endpoint]:
        return [
            Endpoint(
                "/api/record",
                self.record,
                "Start a recording of this machine.",
                answer=Recording,
                method="POST",
                body=RecordingRequest,
                status=202,
                refusals=(400, 409, 413, 415),
            ),
            Endpoint(
                "/api/recordings/{id}",
                self.recording,
                "How a recording fares.",
                answer=Recording,
                refusals=(404,),
            ),
            Endpoint(
                "/api/recordings/{id}/events",
                self.recording_events,
                "How a recording fares, as events named recording, until it ended.",
                media=EVENTS,
                answer=Recording,
                refusals=(404,),
            ),
        ]

    async def health(self, _request: Request) -> Response:
        """Answer /healthz."""
        return json_answer(Health("ok"))

    async def metrics(self, _request: Request) -> Response:
        """Answer /metrics."""
        text = await asyncio.to_thread(exposition, self._console)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def now(self, _request: Request) -> Response:
        """Answer /api/now."""
        return json_answer(self._console.live.now())

    async def live(self, request: Request) -> Response:
        """Answer /api/live."""
        live = self._console.live
        live.listeners.check_room()

        async def events() -> AsyncIterator[bytes]:
            async with live.listen() as states:
                async for state in states:
                    yield event("live", state)

        return stream(request, events())

    async def runs(self, _request: Request) -> Response:
        """Answer /api/runs."""
        return json_answer(RunList(*await asyncio.to_thread(self._console.catalogue.summaries)))

    async def run(self, request: Request) -> Response:
        """Answer /api/runs/{id}."""
        detail = self._console.catalogue.detail
        return json_answer(await asyncio.to_thread(detail, request.path_params["id"]))

    async def timeline(self, request: Request) -> Response:
        """Answer /api/runs/{id}/timeline."""
        return json_answer(await self._ask(request, "timeline", bins=_bins(request)))

    async def series(self, request: Request) -> Response:
        """Answer /api/runs/{id}/series."""
        return json_answer(await self._ask(request, "series", bins=_bins(request)))

    async def report(self, request: Request) -> Response:
        """Answer /api/runs/{id}/report."""
        query = request.query_params
        by = queries.keys(query, REPORT_KEYS)
        children = queries.flag(query, "children")
        return json_answer(
            await self._ask(request, "report", by=by, children=children, top=_top(request))
        )

    async def domains(self, request: Request) -> Response:
        """Answer /api/runs/{id}/domains."""
        return json_answer(await self._ask(request, "domains"))

    async def tree(self, request: Request) -> Response:
        """Answer /api/runs/{id}/tree."""
        return json_answer(await self._ask(request, "tree"))

    async def flame(self, request: Request) -> Response:
        """Answer /api/runs/{id}/flame."""
        return json_answer(await self._ask(request, "flame"))

    async def speedscope(self, request: Request) -> Response:
        """Answer /api/runs/{id}/speedscope."""
        return await self._export(request, "speedscope", "application/json", "speedscope.json")

    async def folded(self, request: Request) -> Response:
        """Answer /api/runs/{id}/folded."""
        return await self._export(request, "folded", "text/plain; charset=utf-8", "folded.txt")

    async def perf_script(self, request: Request) -> Response:
        """Answer /api/runs/{id}/perf-script."""
        return await self._export(request, "perf-script", "text/plain; charset=utf-8", "perf.txt")

    async def diff(self, request: Request) -> Response:
        """Answer /api/diff."""
        query = request.query_params
        for name in ("before", "after"):
            if not query.get(name):
                raise refusal(400, f"{name} is missing; give RUN@FROM..TO for before and after.")
        catalogue = self._console.catalogue
        before, _ = await asyncio.to_thread(queries.reference, query["before"], catalogue)
        after, _ = await asyncio.to_thread(queries.reference, query["after"], catalogue)
        question = Query(
            kind="diff",
            span=before,
            other=after,
            event=queries.event_name(query),
            by=queries.keys(query, DIFF_KEYS),
            top=_top(request),
        )
        return json_answer(await self._console.analysis.ask(question))

    async def record(self, request: Request) -> Response:
        """Answer POST /api/record."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise refusal(415, f"The body must be {JSON}, with seconds, frequency_hz and event.")
        try:
            asked = msgspec.json.decode(await read_body(request) or b"{}", type=RecordingRequest)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise refusal(400, f"The body is no recording request ({error}).") from error
        return json_answer(self._console.recordings.start(asked), 202)

    async def recording(self, request: Request) -> Response:
        """Answer /api/recordings/{id}."""
        return json_answer(self._console.recordings.find(request.path_params["id"]))

    async def recording_events(self, request: Request) -> Response:
        """Answer /api/recordings/{id}/events."""
        identifier = request.path_params["id"]
        self._console.recordings.find(identifier)

        async def events() -> AsyncIterator[bytes]:
            async for state in self._console.recordings.follow(identifier):
                yield event("recording", msgspec.json.encode(state))

        return stream(request, events())

    async def _ask(
        self,
        request: Request,
        kind: QueryKind,
        *,
        by: tuple[str, ...] = (),
        children: bool = False,
        top: int | None = None,
        bins: int = 0,
    ) -> bytes:
        choice = queries.span(request.query_params)
        find = self._console.catalogue.find
        path = await asyncio.to_thread(find, request.path_params["id"])
        question = Query(
            kind=kind,
            span=SpanQuery(str(path), choice.from_s, choice.to_s),
            event=queries.event_name(request.query_params),
            by=by,
            children=children,
            top=top,
            bins=bins,
        )
        return await self._console.analysis.ask(question)

    async def _export(self, request: Request, kind: QueryKind, media: str, ending: str) -> Response:
        body = await self._ask(request, kind)
        # Found above, so it is a plain name; what was asked for may only have been its beginning.
        find = self._console.catalogue.find
        path = await asyncio.to_thread(find, request.path_params["id"])
        name = {"content-disposition": f'attachment; filename="{path.name}.{ending}"'}
        return Response(body, headers=name, media_type=media)


def _bins(request: Request) -> int:
    return queries.whole_number(request.query_params, "bins", default=_BINS, low=1, high=_MOST_BINS)


def _top(request: Request) -> int:
    return queries.whole_number(request.query_params, "top", default=_ROWS, low=1, high=_MOST_ROWS)


async def read_body(request: Request) -> bytes:
    """Return a small body; raises `HTTPException` for one that is not small."""
    body = b""
    try:
        async for part in request.stream():
            body += part
            if len(body) > _BODY_BYTES:
                raise refusal(413, f"The body has more than {_BODY_BYTES} bytes.")
    except ClientDisconnect as error:
        raise refusal(400, "The body did not arrive.") from error
    return body
