"""How answers leave: their headers, S3's error document, and errors of the store in S3's words."""

from functools import lru_cache
from typing import Final

from riostat.core.errors import (
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
    DigestMismatchError,
    ObjectNotFoundError,
    PreconditionError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreNameError,
)
from riostat.store.http.preconditions import http_date
from riostat.store.s3.documents import Node, document
from riostat.store.s3.refusals import S3Error, internal_error, slow_down
from riostat.store.s3.request import Answer, Request

__all__ = [
    "Headers",
    "common_headers",
    "date_header",
    "error_answer",
    "error_of",
    "send_answer",
    "xml_answer",
]

Headers = list[tuple[bytes, bytes]]

_CODES: Final[dict[type[StoreError], str]] = {
    BucketExistsError: "BucketAlreadyOwnedByYou",
    BucketNotEmptyError: "BucketNotEmpty",
    BucketNotFoundError: "NoSuchBucket",
    DigestMismatchError: "BadDigest",
    ObjectNotFoundError: "NoSuchKey",
    PreconditionError: "PreconditionFailed",
    StoreFullError: "StorageFull",
    StoreNameError: "InvalidArgument",
}
# A presigned address is itself the right to read, so a page of any origin that has one may; what
# is public by name alone is not shown to pages of other sites.
_SHARED: Final[Headers] = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"accept-ranges, content-length, content-range, etag, last-modified",
    ),
]


def error_of(error: StoreError) -> S3Error:
    """Return what S3 says for an error of the store; what is our own fault is not described."""
    if isinstance(error, S3Error):
        return error
    if isinstance(error, StoreBusyError):
        return slow_down(str(error))
    code = _CODES.get(type(error))
    return internal_error() if code is None else S3Error(code, str(error))


def error_answer(error: S3Error, request: Request, request_id: str) -> Answer:
    """Return the answer that carries an error document."""
    headers = [] if error.header is None else [error.header]
    if error.status == 304:
        return Answer(304, headers)
    resource = request.head.path.decode("latin-1")
    children: list[Node] = [
        ("Code", error.code),
        ("Message", str(error)),
        ("Resource", resource),
        ("RequestId", request_id),
    ]
    return xml_answer("Error", children, status=error.status, headers=headers, namespace=False)


def xml_answer(
    name: str,
    children: list[Node],
    *,
    status: int = 200,
    headers: Headers | None = None,
    namespace: bool = True,
) -> Answer:
    """Return an answer whose body is an XML document."""
    body = document(name, children, namespace=namespace)
    return Answer(status, [(b"content-type", b"application/xml"), *(headers or [])], body)


async def send_answer(answer: Answer, request: Request, request_id: str) -> None:
    """Send an answer that is whole; one to HEAD says how long its body would be, and has none."""
    headers = [*answer.headers, *common_headers(request, request_id)]
    if request.connection.body_held_back:
        # A client that has its answer sends no body, and its next request would be taken for one.
        headers.append((b"connection", b"close"))
    if answer.status not in {204, 304}:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await request.send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await request.send({"type": "http.response.body", "body": answer.body})


def common_headers(request: Request, request_id: str) -> Headers:
    """Return the headers that every answer has."""
    headers = [(b"x-amz-request-id", request_id.encode())]
    if request.signed is not None and request.signed.presigned:
        headers += _SHARED
    return headers


@lru_cache(maxsize=1024)
def date_header(time_ns: int) -> bytes:
    """Return a time since 1970 as a header's value."""
    return http_date(time_ns).encode()
