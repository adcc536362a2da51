"""The application and the server that puts it on a port."""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, ExceptionHandler

from riostat.console.access import AccessPolicy, Guard, host_names, is_api, load_token
from riostat.console.analysis.client import Analysis
from riostat.console.answers import api_failure, json_answer
from riostat.console.api import Api
from riostat.console.claimpages import ClaimPages
from riostat.console.console import Console
from riostat.console.library.api import LibraryApi
from riostat.console.library.holdings import Holdings, HoldingsSight
from riostat.console.library.pages import LibraryPages
from riostat.console.library.reading import Library
from riostat.console.live.service import Live
from riostat.console.measurements import Measurements
from riostat.console.pages import Pages
from riostat.console.parts.api import PartApi
from riostat.console.parts.glance import glances
from riostat.console.parts.pages import PartPages
from riostat.console.parts.shelf import Shelf
from riostat.console.parts.storestate import StoreSight, StoreView
from riostat.console.parts.switchstate import Problem, SwitchSight, SwitchView
from riostat.console.parts.watch import Watch
from riostat.console.recordings import Recordings
from riostat.console.routes import ANY, Endpoint, openapi, routes
from riostat.console.runs import RunCatalogue
from riostat.console.static import StaticTree
from riostat.console.statuses import status_of
from riostat.console.templates import Templates
from riostat.core.boundedhttp import BoundedHttp
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import ConsoleError, RiostatError
from riostat.core.httpserver import HttpServer, bound_socket
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings
from riostat.core.text import printable
from riostat.profiler.events import EVENT_NAMES
from riostat.switch.control import control_path

__all__ = ["Application", "create_app", "first_url", "serve"]

_HERE = Path(__file__).parent
_KEEP_ALIVE_S = 30
_GRACE_S = 3
_CONNECTIONS = 256


@dataclass(frozen=True, slots=True)
class Application:
    """The ASGI application, what answers behind it, and what describes it."""

    asgi: ASGIApp
    console: Console
    endpoints: Sequence[Endpoint]


def create_app(
    settings: Settings, *, token: str, problems: Mapping[str, Problem] | None = None
) -> Application:
    """Return the console over a data directory.

    `problems` has an entry for each of ``recorder``, ``switch``, ``store`` and ``library`` that is
    kept running beside this console, or filled: it says in a sentence why that fails, and None
    while it does not.
    """
    console = _new_console(settings, problems or {})
    tree = StaticTree(_HERE / "static")
    templates = Templates(_HERE / "templates", tree, part_is_there=console.has_part)
    files = Endpoint(
        "/static/{version}/{path:path}", tree.answer, "A file of the pages.", media=ANY
    )
    endpoints = [
        *Pages(console, templates, tree).endpoints(),
        *PartPages(console, templates).endpoints(),
        *ClaimPages(console.measurements, console.library, templates).endpoints(),
        *Api(console).endpoints(),
        *PartApi(console).endpoints(),
        *LibraryPages(console, templates).endpoints(),
        *LibraryApi(console).endpoints(),
        files,
    ]
    endpoints.append(_document(endpoints))

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        console.start()
        try:
            yield
        finally:
            await console.close()

    app = Starlette(
        routes=routes(endpoints), exception_handlers=_failures(templates), lifespan=lifespan
    )
    policy = AccessPolicy(token, f"riostat-{settings.port}", host_names(settings.host))
    return Application(Guard(app, policy=policy, signin=templates.signin), console, endpoints)


def _new_console(settings: Settings, problems: Mapping[str, Problem]) -> Console:
    data = DataDirectory(settings.data)
    catalogue = RunCatalogue(RunDirectory(data.runs))
    switch = Watch(SwitchSight(control_path(data.root), problems.get("switch")).look, SwitchView())
    store = Watch(StoreSight(settings.store, problems.get("store")).look, StoreView())
    measurements = Measurements(data, SYSTEM_CLOCK)
    library = Library(data.citations)
    sight = HoldingsSight(library, data.claims, measurements.claims, problems.get("library"))
    holdings = Watch(sight.look, Holdings())
    return Console(
        data=data,
        catalogue=catalogue,
        analysis=Analysis(data, catalogue),
        recordings=Recordings(data, EVENT_NAMES, SYSTEM_CLOCK),
        measurements=measurements,
        live=Live(
            data,
            problems.get("recorder", _no_problem),
            lambda live: glances(live, switch.state, store.state, holdings.state),
        ),
        switch=switch,
        store=store,
        shelf=Shelf(settings.store),
        library=library,
        holdings=holdings,
    )


def _no_problem() -> None:
    """Say of what nobody keeps running that nothing is wrong with it."""


def _document(endpoints: Sequence[Endpoint]) -> Endpoint:
    async def answer(_request: Request) -> Response:
        return json_answer(openapi([*endpoints, own]))

    own = Endpoint("/api", answer, "This description of the API, in OpenAPI 3.1.")
    return own


def _failures(templates: Templates) -> dict[type[Exception], ExceptionHandler]:
    def answer(request: Request, status: int, sentence: str) -> Response:
        if is_api(request.url.path):
            return api_failure(status, sentence)
        return templates.error(status, sentence)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        sentence = error.detail
        if sentence == HTTPStatus(error.status_code).phrase:
            sentence = (
                f"There is nothing at {printable(request.url.path[:200])} for "
                f"{printable(request.method)}; /api lists what there is."
            )
        response = answer(request, error.status_code, sentence)
        response.headers.update(error.headers or {})
        return response

    async def failed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RiostatError)
        return answer(request, status_of(error), str(error))

    async def broken(request: Request, _error: Exception) -> Response:
        sentence = "The console has a fault; what it was stands where `riostat up` runs."
        return answer(request, 500, sentence)

    return {HTTPException: refused, RiostatError: failed, Exception: broken}


def first_url(settings: Settings, token: str) -> str:
    """Return the address that opens the console in a browser of this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - compared, not bound
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{settings.port}/?token={token}"


def serve(
    settings: Settings,
    *,
    ready: Callable[[str], None],
    problems: Mapping[str, Problem] | None = None,
) -> None:
    """Serve the console until SIGINT or SIGTERM; to be called in the main thread.

    `ready` is called with the first URL when requests are answered, `problems` is as `create_app`
    has it. Raises `ConsoleError` where
    the token or the address cannot be used.
    """
    token = load_token(DataDirectory(settings.data).token, settings.token)
    listener = bound_socket(settings.host, settings.port, who="The console", failure=ConsoleError)
    with contextlib.closing(listener):
        application = create_app(settings, token=token, problems=problems)
        config = uvicorn.Config(
            application.asgi,
            loop="uvloop",
            http=BoundedHttp,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,  # an address may hold the token
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
        server = HttpServer(
            config,
            ready=lambda: ready(first_url(settings, token)),
            end=application.console.end_streams,
        )
        server.run(sockets=[listener])
