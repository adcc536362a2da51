"""The route table: what serves a request is also what describes it.

An `Endpoint` says where it is, what answers, and in which shape; `routes` makes the routes of it
and `openapi` the document. https://spec.openapis.org/oas/v3.1.1
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from riostat import __version__
from riostat.console.schema import Failure

__all__ = [
    "ANY",
    "EVENTS",
    "HTML",
    "JSON",
    "TEXT",
    "Endpoint",
    "Handler",
    "Parameter",
    "openapi",
    "routes",
]

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

HTML, JSON, TEXT, EVENTS = "text/html", "application/json", "text/plain", "text/event-stream"
ANY = "*/*"

_PATH_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_REF = "#/components/schemas/{name}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a query."""

    name: str
    description: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing that can be asked for.

    `answer` is the type of the JSON or of each event's data, None where it is no JSON; `refusals`
    are the statuses besides those that every endpoint has.
    """

    path: str
    handler: Handler
    summary: str
    media: str = JSON
    answer: Any = None
    parameters: Sequence[Parameter] = ()
    method: str = "GET"
    body: Any = None
    body_media: str = JSON
    status: int = 200
    refusals: Sequence[int] = ()


def routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    """Return the routes that serve these endpoints."""
    return [Route(e.path, e.handler, methods=[e.method]) for e in endpoints]


def openapi(endpoints: Sequence[Endpoint]) -> dict[str, object]:
    """Return the OpenAPI 3.1 document of these endpoints."""
    types = [t for e in endpoints for t in (e.answer, e.body) if t is not None]
    schemas, components = msgspec.json.schema_components([*types, Failure], ref_template=_REF)
    found = dict(zip(map(str, types), schemas, strict=False))
    paths: dict[str, dict[str, object]] = {}
    for endpoint in endpoints:
        path = _PATH_PARAMETER.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, found)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "riostat console",
            "version": __version__,
            "description": "What this machine records and what can be read from it.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(endpoint: Endpoint, schemas: Mapping[str, object]) -> dict[str, object]:
    placed = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH_PARAMETER.findall(endpoint.path)
    ]
    asked: list[dict[str, object]] = [
        {"name": p.name, "in": "query", "description": p.description, "schema": dict(p.schema)}
        for p in endpoint.parameters
    ]
    refusal = {
        "description": "Why not, in one sentence.",
        "content": {JSON: {"schema": {"$ref": _REF.format(name=Failure.__name__)}}},
    }
    operation: dict[str, object] = {
        "summary": endpoint.summary,
        "parameters": [*placed, *asked],
        "responses": {
            str(endpoint.status): {
                "description": endpoint.summary,
                "content": {endpoint.media: _content(endpoint.answer, schemas)},
            }
        }
        | {str(status): refusal for status in endpoint.refusals},
    }
    if endpoint.body is not None:
        content = {endpoint.body_media: _content(endpoint.body, schemas)}
        operation["requestBody"] = {"content": content}
    if endpoint.path == "/healthz":
        operation["security"] = []
    return operation


def _content(kind: Any, schemas: Mapping[str, object]) -> dict[str, object]:
    return {} if kind is None else {"schema": schemas[str(kind)]}
