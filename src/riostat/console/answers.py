"""Answers that every handler gives: JSON, one sentence that says what failed, and event streams."""

from collections.abc import AsyncIterator, Mapping

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from riostat.core.text import printable

__all__ = ["api_failure", "event", "json_answer", "refusal", "stream"]

_LONGEST_SENTENCE = 1000


def json_answer(value: object, status: int = 200) -> Response:
    """Return `value`, or the JSON bytes that it already is."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Response(body, status, media_type="application/json")


def api_failure(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the JSON of a failed request: ``{"error": sentence}``."""
    body = msgspec.json.encode({"error": _shown(sentence)})
    return Response(body, status, headers, "application/json")


def _shown(sentence: str) -> str:
    return printable(sentence)[:_LONGEST_SENTENCE]


def refusal(status: int, sentence: str) -> HTTPException:
    """Return the exception that ends a request with this status and sentence."""
    return HTTPException(status, _shown(sentence))


def event(name: str, data: bytes) -> bytes:
    """Return one server-sent event whose data is one line of JSON."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)


def stream(request: Request, events: AsyncIterator[bytes]) -> Response:
    """Return the response that sends events as they come, and none to who asks for the head."""
    media, headers = "text/event-stream", {"x-accel-buffering": "no"}
    if request.method == "HEAD":
        return Response(headers=headers, media_type=media)
    return StreamingResponse(events, media_type=media, headers=headers)
