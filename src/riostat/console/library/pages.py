"""The pages of the library and of a work."""

import asyncio
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from riostat.citations.browsing import LABELS_SHOWN
from riostat.citations.sections import SECTIONS
from riostat.console import queries
from riostat.console.answers import refusal
from riostat.console.console import Console
from riostat.console.library.questions import (
    Counts,
    SearchTerms,
    StatementFilter,
    find_report,
    find_statements,
    search_terms,
    shelves,
    statement_filter,
)
from riostat.console.library.views import counted_view, work_view
from riostat.console.routes import HTML, Endpoint, Parameter
from riostat.console.templates import Templates
from riostat.core.errors import CitationIndexError

__all__ = ["FILTERS", "TERMS", "LibraryPages"]

FILTERS = (
    Parameter("label", f"One of {', '.join(LABELS_SHOWN)}."),
    Parameter("section", f"One of {', '.join(SECTIONS)}."),
)
TERMS = (
    Parameter("q", 'Words to find; those in "double quotes" stand together.'),
    *FILTERS,
    Parameter("from", "First year of the citing document.", {"type": "integer"}),
    Parameter("to", "Last year of the citing document.", {"type": "integer"}),
)

_LISTED = 25
_WORKS_FOUND = 8
_MOST_PAGES = 400
_PAGE = Parameter("page", "Which page, counted from 1.", {"type": "integer"})


class LibraryPages:
    """The handlers of the library's pages and what describes them."""

    def __init__(self, console: Console, templates: Templates) -> None:
        self._console = console
        self._templates = templates

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints that answer with pages."""
        return [
            Endpoint(
                "/library",
                self.library,
                "What is cited, what was read, and a search in it.",
                media=HTML,
                parameters=(*TERMS, _PAGE, Parameter("documents", "Which page of the documents.")),
                refusals=(400, 404, 503, 504),
            ),
            Endpoint(
                "/works/{name:path}",
                self.work,
                "Who cites a work, given by DOI or by its number in the index, and how.",
                media=HTML,
                parameters=(*FILTERS, _PAGE),
                refusals=(400, 404, 503, 504),
            ),
        ]

    async def library(self, request: Request) -> Response:
        """Answer /library."""
        query = request.query_params
        terms = search_terms(query)
        holdings = self._console.holdings.state
        context: dict[str, object] = {
            "library": msgspec.to_builtins(holdings.library),
            "folder": str(self._console.library.folder),
            "labels": LABELS_SHOWN,
            "sections": SECTIONS,
            "terms": _form_of(query),
            "found": None,
            "shelves": None,
            "pager": None,
            "documents_pager": None,
            "problem": None,
        }
        if self._console.library.exists():
            context |= (
                await self._found(terms, query)
                if not terms.is_empty
                else (await self._shelves(query))
            )
        return self._templates.page("library", context)

    async def _shelves(self, query: QueryParams) -> dict[str, object]:
        page, documents = _page_of(query, "page"), _page_of(query, "documents")
        shown = await self._console.library.ask(
            lambda index: shelves(
                index,
                limit=_LISTED,
                works_from=(page - 1) * _LISTED,
                documents_from=(documents - 1) * _LISTED,
            )
        )
        given = dict(query)
        return {
            "shelves": {
                "works": [msgspec.to_builtins(counted_view(work)) for work in shown.works],
                "documents": [
                    {
                        "work": msgspec.to_builtins(work_view(document.work)),
                        "licence": document.licence,
                        "statements": document.statements,
                    }
                    for document in shown.documents
                ],
                "work_count": shown.work_count,
                "document_count": shown.document_count,
            },
            "pager": _pager("/library", given, "page", page, shown.work_count),
            "documents_pager": _pager(
                "/library", given, "documents", documents, shown.document_count, "#documents"
            ),
        }

    async def _found(self, terms: SearchTerms, query: QueryParams) -> dict[str, object]:
        page = _page_of(query, "page")
        question = find_statements(
            terms,
            works=_WORKS_FOUND if page == 1 else 0,
            limit=_LISTED,
            offset=(page - 1) * _LISTED,
        )
        try:
            found = await self._console.library.ask(question)
        except CitationIndexError as error:
            return {"problem": str(error)}
        return {
            "found": msgspec.to_builtins(found),
            "pager": _pager("/library", dict(query), "page", page, found.found),
        }

    async def work(self, request: Request) -> Response:
        """Answer /works/{name}."""
        query = request.query_params
        only, page = statement_filter(query), _page_of(query, "page")
        claims = await asyncio.to_thread(self._console.measurements.claims)
        question = find_report(
            request.path_params["name"],
            only,
            claims,
            limit=_LISTED,
            offset=(page - 1) * _LISTED,
        )
        report, counts = await self._console.library.ask(question)
        address = report.work.href
        assert address is not None
        given = {name: value for name, value in query.items() if name in {"label", "section"}}
        pager = _pager(address, given, "page", page, report.found, "#statements")
        context = {
            "report": msgspec.to_builtins(report),
            "label": only.label,
            "section": only.section,
            "choices": _choices(address, only, counts),
            "pager": pager,
        }
        return self._templates.page("work", context)


def _page_of(query: QueryParams, name: str) -> int:
    return queries.whole_number(query, name, default=1, low=1, high=_MOST_PAGES)


def _form_of(query: QueryParams) -> dict[str, str]:
    return {name: query.get(name, "") for name in ("q", "label", "section", "from", "to")}


def _pager(
    address: str, given: Mapping[str, str], name: str, page: int, count: int, anchor: str = ""
) -> dict[str, object] | None:
    """Return where the pages before and after this one are, None where one page has all."""
    pages = min(-(-count // _LISTED), _MOST_PAGES)
    if page > max(pages, 1):
        raise refusal(404, f"There is no page {page}; the last one is {max(pages, 1)}.")
    if pages <= 1:
        return None

    def href(number: int) -> str | None:
        if not 1 <= number <= pages:
            return None
        return _href(address, {**given, name: str(number) if number > 1 else ""}) + anchor

    return {"page": page, "pages": pages, "before": href(page - 1), "after": href(page + 1)}


def _href(address: str, given: Mapping[str, str | None]) -> str:
    pairs = [(name, value) for name, value in given.items() if value]
    return f"{address}?{urlencode(pairs)}" if pairs else address


def _choices(
    address: str, only: StatementFilter, counts: Counts
) -> dict[str, list[dict[str, object]]]:
    """Return the links that choose a label or a section, each with what it would leave."""

    def links(name: str, place: int, values: Iterable[str]) -> list[dict[str, object]]:
        other = ("section", only.section) if name == "label" else ("label", only.label)
        chosen = getattr(only, name)
        within = {key: count for key, count in counts.items() if other[1] in {None, key[1 - place]}}
        return [
            {
                "text": value or "all",
                "count": sum(n for key, n in within.items() if value in {None, key[place]}),
                "href": _href(address, {name: value, other[0]: other[1]}) + "#statements",
                "current": value == chosen,
            }
            for value in (None, *values)
            if value in {None, chosen} or any(key[place] == value for key in counts)
        ]

    return {"label": links("label", 0, LABELS_SHOWN), "section": links("section", 1, SECTIONS)}
