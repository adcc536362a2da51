"""Errors of the store in S3's words, and how answers leave."""

import asyncio

import pytest

from riostat.core.errors import (
    BlockLostError,
    BucketExistsError,
    BucketNotEmptyError,
    BucketNotFoundError,
    DigestMismatchError,
    DiskError,
    ObjectNotFoundError,
    PreconditionError,
    StoreBusyError,
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreNameError,
)
from riostat.store.s3.answers import date_header, error_answer, error_of, send_answer
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Answer
from tests.store.s3.requests import Wire, request_of


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BlockLostError, 500, "InternalError"),
        (BucketExistsError, 409, "BucketAlreadyOwnedByYou"),
        (BucketNotEmptyError, 409, "BucketNotEmpty"),
        (BucketNotFoundError, 404, "NoSuchBucket"),
        (DigestMismatchError, 400, "BadDigest"),
        (DiskError, 500, "InternalError"),
        (ObjectNotFoundError, 404, "NoSuchKey"),
        (PreconditionError, 412, "PreconditionFailed"),
        (StoreBusyError, 503, "SlowDown"),
        (StoreFormatError, 500, "InternalError"),
        (StoreFullError, 507, "StorageFull"),
        (StoreNameError, 400, "InvalidArgument"),
    ],
)
def test_every_error_has_its_code(error: type[StoreError], status: int, code: str) -> None:
    found = error_of(error("The disk in a private place."))
    assert (found.status, found.code) == (status, code)
    assert ("private" in str(found)) == (status != 500)
    assert error_of(found) is found


def test_an_error_document_says_what_and_where() -> None:
    request = request_of("GET", "/b/<k>")
    answer = error_answer(S3Error("SlowDown", "Wait & see."), request, "7")
    assert (answer.status, answer.headers) == (503, [(b"content-type", b"application/xml")])
    assert b"<Message>Wait &amp; see.</Message><Resource>/b/&lt;k&gt;</Resource>" in answer.body
    assert b"<RequestId>7</RequestId>" in answer.body
    busy = error_answer(error_of(StoreBusyError("Full.")), request, "8")
    assert (b"retry-after", b"1") in busy.headers


def headers_of(wire: Wire, answer: Answer) -> dict[bytes, bytes]:
    asyncio.run(send_answer(answer, request_of("GET", "/b/k", wire), "1"))
    start, body = wire.sent
    assert (start["status"], body["body"]) == (answer.status, answer.body)
    return dict(start["headers"])


def test_answers_have_a_length_where_they_may() -> None:
    assert headers_of(Wire(), Answer(200, [], b"abc"))[b"content-length"] == b"3"
    assert b"content-length" not in headers_of(Wire(), Answer(204))
    assert b"content-length" not in headers_of(Wire(), Answer(304))


def test_who_holds_a_body_back_must_connect_anew() -> None:
    assert b"connection" not in headers_of(Wire(), Answer(403))
    wire = Wire()
    wire.body_held_back = True
    assert headers_of(wire, Answer(403))[b"connection"] == b"close"


def test_dates() -> None:
    assert date_header(784_111_777_000_000_000) == b"Sun, 06 Nov 1994 08:49:37 GMT"
