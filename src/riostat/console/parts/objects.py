"""An object's bytes, to a player or as a download.

Whoever may write into the store must not get a program into the console's origin: only types that
a browser shows without running anything are shown, under a policy that runs nothing, and all else
is a download without a type.
"""

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from riostat.console.answers import refusal
from riostat.console.parts.shelf import Shelf, is_hidden
from riostat.store.http.preconditions import Outcome, evaluate, http_date, range_applies
from riostat.store.http.ranges import ByteRange, UnsatisfiableRangeError, requested_range

if TYPE_CHECKING:
    from riostat.store.objects import ObjectVersion

__all__ = ["INLINE", "answer_object", "is_playable", "shown_type"]

INLINE = {
    "audio/mp4": "audio/mp4",
    "audio/mpeg": "audio/mpeg",
    "audio/ogg": "audio/ogg",
    "audio/wav": "audio/wav",
    "audio/webm": "audio/webm",
    "image/avif": "image/avif",
    "image/gif": "image/gif",
    "image/jpeg": "image/jpeg",
    "image/png": "image/png",
    "image/webp": "image/webp",
    "text/plain": "text/plain; charset=utf-8",
    "video/mp4": "video/mp4",
    "video/webm": "video/webm",
}
"""Content types that a browser shows without running anything, and as what they are sent."""

_OPAQUE = "application/octet-stream"
# A player that the browser opens by itself has style of its own and plays what is at its address.
_POLICY = (
    "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; "
    "sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def shown_type(content_type: str) -> str | None:
    """Return as what an object is shown, None for one that is only downloaded."""
    return INLINE.get(content_type.partition(";")[0].strip().lower())


def is_playable(content_type: str) -> bool:
    """Tell whether a player can be offered for an object."""
    return (shown_type(content_type) or "").startswith(("video/", "audio/"))


async def answer_object(request: Request, shelf: Shelf) -> Response:
    """Answer /objects?bucket=&key=, with ranges; raises `StoreError` and `HTTPException`."""
    query = request.query_params
    bucket, key = _asked(query)
    version = await shelf.find(bucket, key)
    headers = _headers(version, download=query.get("download", "") not in {"", "0"})
    outcome = evaluate(request.headers.get, etag=version.etag, modified_ns=version.modified_ns)
    if outcome is Outcome.NOT_MODIFIED:
        return Response(status_code=304, headers=headers)
    if outcome is Outcome.FAILED:
        raise refusal(412, "The object is not the one that the request names any more.")
    part = _part(request, version)
    if part is None:
        status, start, stop = 200, 0, version.size
    else:
        status, start, stop = 206, part.start, part.stop
        headers["content-range"] = part.content_range(version.size)
    headers["content-length"] = str(stop - start)
    if request.method == "HEAD" or start == stop:
        return Response(status_code=status, headers=headers)
    return StreamingResponse(await shelf.bytes_of(version, start, stop), status, headers)


def _asked(query: QueryParams) -> tuple[str, str]:
    bucket, key = query.get("bucket", ""), query.get("key", "")
    if not bucket or not key:
        raise refusal(400, "bucket or key is missing; /store lists what there is.")
    if is_hidden(bucket):
        raise refusal(404, "There is no such bucket; /store lists those that there are.")
    return bucket, key


def _part(request: Request, version: "ObjectVersion") -> ByteRange | None:
    if not range_applies(
        request.headers.get("if-range"), etag=version.etag, modified_ns=version.modified_ns
    ):
        return None
    try:
        return requested_range(request.headers.get("range"), version.size)
    except UnsatisfiableRangeError as error:
        failure = refusal(416, f"The object has {version.size} bytes, and the range none of them.")
        failure.headers = {"content-range": f"bytes */{version.size}"}
        raise failure from error


def _headers(version: "ObjectVersion", *, download: bool) -> dict[str, str]:
    shown = None if download else shown_type(version.content_type)
    name = quote(version.key.rpartition("/")[2] or "object", safe="")
    kind = "inline" if shown else "attachment"
    return {
        "content-type": shown or _OPAQUE,
        "content-disposition": f"{kind}; filename*=UTF-8''{name}",
        "content-security-policy": _POLICY,
        "accept-ranges": "bytes",
        "etag": f'"{version.etag}"',
        "last-modified": http_date(version.modified_ns),
    }
