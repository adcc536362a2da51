"""The JSON API of the library."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from riostat.citations.index import CitationIndex
from riostat.citations.reports import tally
from riostat.console import queries
from riostat.console.answers import json_answer
from riostat.console.console import Console
from riostat.console.library.pages import FILTERS, TERMS
from riostat.console.library.questions import (
    find_report,
    find_statements,
    named_work,
    search_terms,
    statement_filter,
)
from riostat.console.library.views import (
    SearchAnswer,
    TallyView,
    WorkReport,
    tallies_of,
    work_view,
)
from riostat.console.routes import Endpoint, Parameter

__all__ = ["LibraryApi"]

_LISTED, _MOST_LISTED = 100, 1000
_FARTHEST = 10_000
_WORKS_FOUND = 20
_SLICE = (
    Parameter("limit", "Most statements.", {"type": "integer", "maximum": _MOST_LISTED}),
    Parameter("offset", "How many to pass over.", {"type": "integer", "maximum": _FARTHEST}),
)
_REFUSALS = (400, 404, 503, 504)


class LibraryApi:
    """The handlers of the library's API and what describes them."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints that answer in JSON."""
        return [
            Endpoint(
                "/api/cite/tallies/{name:path}",
                self.tallies,
                "How many statements cite the work with a DOI, by what they say.",
                answer=TallyView,
                refusals=(404, 503, 504),
            ),
            Endpoint(
                "/api/cite/works/{name:path}",
                self.work,
                "The report of a work, given by DOI or by its number in the index.",
                answer=WorkReport,
                parameters=(*FILTERS, *_SLICE),
                refusals=_REFUSALS,
            ),
            Endpoint(
                "/api/cite/search",
                self.search,
                "Statements with all the words, the best first, and works titled so.",
                answer=SearchAnswer,
                parameters=(*TERMS, *_SLICE),
                refusals=_REFUSALS,
            ),
        ]

    async def tallies(self, request: Request) -> Response:
        """Answer /api/cite/tallies/{name}."""
        name = request.path_params["name"]

        def question(index: CitationIndex) -> TallyView:
            work = named_work(index, name)
            return TallyView(work_view(work), tallies_of(tally(index, work)))

        return json_answer(await self._console.library.ask(question))

    async def work(self, request: Request) -> Response:
        """Answer /api/cite/works/{name}."""
        only = statement_filter(request.query_params)
        limit, offset = _slice(request)
        claims = await asyncio.to_thread(self._console.measurements.claims)
        question = find_report(
            request.path_params["name"], only, claims, limit=limit, offset=offset
        )
        report, _ = await self._console.library.ask(question)
        return json_answer(report)

    async def search(self, request: Request) -> Response:
        """Answer /api/cite/search."""
        limit, offset = _slice(request)
        question = find_statements(
            search_terms(request.query_params), works=_WORKS_FOUND, limit=limit, offset=offset
        )
        return json_answer(await self._console.library.ask(question))


def _slice(request: Request) -> tuple[int, int]:
    query = request.query_params
    return (
        queries.whole_number(query, "limit", default=_LISTED, low=1, high=_MOST_LISTED),
        queries.whole_number(query, "offset", default=0, low=0, high=_FARTHEST),
    )
