"""Bodies on their way in: counted, summed up, compared, and taken by one thread at a time."""

import asyncio
import base64
import hashlib
import threading
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.store.s3.checksums import ChecksumMaker
from riostat.store.s3.intake import Intake, receive_document, receive_into
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Request
from riostat.store.s3.signatures import Signed
from tests.store.s3.aws_chunked import chunked_body, seeded
from tests.store.s3.requests import Wire, request_of

MAKER = ChecksumMaker(Path("unused"))
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SEED = "0" * 64


def put(pieces: Sequence[bytes], *, cut_off: bool = False, **headers: str) -> Request:
    length = {"content_length": str(sum(map(len, pieces)))}
    return request_of("PUT", "/b/k", Wire(pieces, cut_off=cut_off), **length | headers)


def taken(request: Request) -> tuple[bytes, dict[str, str]]:
    """What a thread is given of a body, and its checksums."""
    data, threads = bytearray(), set()

    def sink(piece: memoryview) -> None:
        threads.add(threading.current_thread())
        data.extend(piece)

    async def receive() -> dict[str, str]:
        intake = Intake(request, MAKER)
        with ThreadPoolExecutor(1) as pool:
            await receive_into(request, intake, sink, pool)
        return intake.finish()

    sums = asyncio.run(receive())
    assert threading.main_thread() not in threads
    return bytes(data), sums


@given(st.lists(st.binary(max_size=9), min_size=1, max_size=6))
def test_pieces_are_taken_in_order(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    crc = base64.b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()
    assert taken(put(pieces, x_amz_checksum_crc32=crc)) == (data, {"crc32": crc})


def test_large_bodies_go_by_batches() -> None:
    pieces = [bytes([n]) * 300_000 for n in range(12)]
    assert taken(put(pieces))[0] == b"".join(pieces)


def refused(request: Request) -> str:
    with pytest.raises(S3Error) as error:
        taken(request)
    return error.value.code


def test_what_is_wrong_is_refused() -> None:
    assert refused(put([b"abc"], cut_off=True)) == "IncompleteBody"
    assert refused(put([b"abc"], content_length="2")) == "IncompleteBody"
    assert refused(put([b"abc"], content_length="4")) == "IncompleteBody"
    assert refused(put([b"abc"], x_amz_checksum_crc32="AAAAAA==")) == "BadDigest"
    assert refused(put([b"abc"], x_amz_checksum_crc32="A")) == "InvalidRequest"
    assert refused(put([b"abc"], content_md5="A")) == "InvalidDigest"
    for length in ("-1", "x", "\xb2", "9" * 16, "9" * 30):
        assert refused(put([b"abc"], content_length=length)) == "InvalidArgument"
    assert refused(request_of("PUT", "/b/k")) == "MissingContentLength"


def signed(request: Request, payload: str) -> Request:
    request.signed = Signed(payload, SEED, seeded(UNSIGNED, SEED).key, presigned=False)
    return request


def test_the_digest_that_was_signed_must_be_that_of_the_body() -> None:
    right = hashlib.sha256(b"abc").hexdigest()
    assert taken(signed(put([b"abc"]), right))[0] == b"abc"
    assert refused(signed(put([b"abd"]), right)) == "XAmzContentSHA256Mismatch"
    assert refused(signed(put([b"abd"]), right[1:])) == "InvalidArgument"


def test_trailers_are_compared_and_may_not_be_missing() -> None:
    crc = base64.b64encode(zlib.crc32(b"first second").to_bytes(4, "big")).decode()
    for sent, code in (
        ({"x-amz-checksum-crc32": crc}, None),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-checksum-crc32": "?"}, "InvalidRequest"),
        ({}, "InvalidRequest"),
    ):
        body = chunked_body(seeded(UNSIGNED, SEED), [b"first ", b"second"], sent)
        request = put(
            [body[:9], body[9:]],
            x_amz_decoded_content_length="12",
            x_amz_trailer="x-amz-checksum-crc32",
        )
        signed(request, UNSIGNED)
        if code is None:
            assert taken(request) == (b"first second", {"crc32": crc})
        else:
            assert refused(request) == code


def test_what_the_sink_raises_is_raised() -> None:
    def full(_piece: memoryview) -> None:
        raise ValueError("full")

    async def receive() -> None:
        request = put([bytes(1 << 20)] * 5)
        with ThreadPoolExecutor(1) as pool:
            await receive_into(request, Intake(request, MAKER), full, pool)

    with pytest.raises(ValueError, match="full"):
        asyncio.run(receive())


def test_documents_are_small_and_right() -> None:
    md5 = base64.b64encode(hashlib.md5(b"<a/>").digest()).decode()

    def document(request: Request) -> bytes:
        return asyncio.run(receive_document(request, MAKER, most=4))

    assert document(put([b"<a", b"/>"], content_md5=md5)) == b"<a/>"
    for request, code in (
        (put([b"<a> />"]), "MaxMessageLengthExceeded"),
        (put([b"<b/>"], content_md5=md5), "BadDigest"),
        (put([b"<a"], cut_off=True), "IncompleteBody"),
    ):
        with pytest.raises(S3Error) as error:
            document(request)
        assert error.value.code == code
