"""The page of the claims, and what is behind it."""

import asyncio
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from urllib.parse import quote

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from riostat.claims.claim import Claim, Source
from riostat.claims.document import measured
from riostat.claims.verdicts import Verdict
from riostat.console.answers import json_answer
from riostat.console.forms import FORM, read_form
from riostat.console.library.questions import find_source_pages
from riostat.console.library.reading import Library
from riostat.console.measurements import EXTENTS, Measurement, Measurements
from riostat.console.routes import HTML, Endpoint
from riostat.console.templates import Templates
from riostat.core.errors import CitationIndexError

__all__ = ["ClaimPages", "ClaimRow", "Claims", "MeasurementRequest", "Plot", "plot"]

_MARGIN = 0.08
_DECADES = 2.0
_FLOOR = 1e-9


class Plot(msgspec.Struct, frozen=True):
    """Where an interval, its value and the threshold lie on a line of 0..100, left to right."""

    low: float
    value: float
    high: float
    threshold: float
    logarithmic: bool


class ClaimRow(msgspec.Struct, frozen=True):
    """A claim and the last verdict on it; `work` is the page of its source in the library."""

    id: str
    sentence: str
    title: str
    venue: str
    year: int
    doi: str
    setting: str
    method: str
    rule: str
    missing: list[str]
    verdict: Verdict | None
    measured: str
    plot: Plot | None
    run: str | None
    work: str | None


class Claims(msgspec.Struct, frozen=True):
    """Every claim, and the measurement that runs now."""

    claims: list[ClaimRow]
    running: Measurement | None
    problem: str | None


class MeasurementRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the page asks to be measured: a claim, `quick` or `full`."""

    claim: str
    extent: str = EXTENTS[0]


def plot(verdict: Verdict) -> Plot | None:
    """Return where the figures of a verdict lie on a line; logarithmic where they are far apart."""
    if verdict.value is None or verdict.low is None or verdict.high is None:
        return None
    figures = [verdict.low, verdict.value, verdict.high, verdict.threshold]
    positive = [figure for figure in figures if figure > 0]
    wide = len(positive) > 1 and max(positive) / min(positive) > 10**_DECADES
    logarithmic = wide and min(figures) >= 0
    if logarithmic:
        floor = min(positive) / 10 if min(figures) == 0 else _FLOOR * min(positive)
        figures = [math.log10(max(figure, floor)) for figure in figures]
    left, right = min(figures), max(figures)
    room = (right - left) * _MARGIN or 1.0
    low, value, high, threshold = (
        round(100 * (figure - left + room) / (right - left + 2 * room), 2) for figure in figures
    )
    return Plot(low, value, high, threshold, logarithmic)


def _row(claim: Claim, verdict: Verdict | None, work: str | None) -> ClaimRow:
    return ClaimRow(
        id=claim.id,
        sentence=claim.sentence,
        title=claim.source.title,
        venue=claim.source.venue,
        year=claim.source.year,
        doi=claim.source.doi,
        setting=claim.setting,
        method=claim.method,
        rule=str(claim.rule),
        missing=list(claim.missing()),
        verdict=verdict,
        measured="" if verdict is None else measured(verdict),
        plot=None if verdict is None else plot(verdict),
        run=None if verdict is None or verdict.run is None else quote(verdict.run, safe=""),
        work=work,
    )


class ClaimPages:
    """The handlers of the claims' page and what describes them."""

    def __init__(self, measurements: Measurements, library: Library, templates: Templates) -> None:
        self._measurements = measurements
        self._library = library
        self._templates = templates

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints."""
        return [
            Endpoint("/claims", self.page, "Claims of the papers, and verdicts.", media=HTML),
            Endpoint(
                "/claims",
                self.measure,
                "Start to measure a claim from a form; leads back to the page.",
                media=HTML,
                method="POST",
                body=MeasurementRequest,
                body_media=FORM,
                status=303,
                refusals=(400, 404, 409, 413, 415),
            ),
            Endpoint("/api/claims", self.claims, "The claims and verdicts.", answer=Claims),
        ]

    async def page(self, _request: Request) -> Response:
        """Answer /claims."""
        return self._templates.page("claims", msgspec.to_builtins(await self._now()))

    async def claims(self, _request: Request) -> Response:
        """Answer /api/claims."""
        return json_answer(await self._now())

    async def measure(self, request: Request) -> Response:
        """Answer POST /claims."""
        asked = await read_form(request, MeasurementRequest)
        self._measurements.start(asked.claim, asked.extent)
        return RedirectResponse("/claims", 303)

    async def _now(self) -> Claims:
        pairs = await asyncio.to_thread(self._measurements.claims)
        works = await self._works([claim.source for claim, _ in pairs])
        rows = await asyncio.to_thread(
            lambda: [_row(claim, verdict, works.get(claim.source)) for claim, verdict in pairs]
        )
        return Claims(rows, self._measurements.running, self._measurements.problem)

    async def _works(self, sources: Iterable[Source]) -> Mapping[Source, str | None]:
        """Return the pages of the sources that the library knows."""
        if self._library.exists():
            with suppress(CitationIndexError, HTTPException):  # a page of claims without links
                return await self._library.ask(find_source_pages(sources))
        return {}
