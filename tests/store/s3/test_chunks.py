"""aws-chunked bodies: the published examples, every way of cutting them, and their damages."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.store.s3.chunks import STREAMING_FORMS, ChunkDecoder
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.signatures import Signed
from tests.store.s3.aws_chunked import chunked_body, seeded

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
TRAILED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CRC = {"x-amz-checksum-crc32c": "sOO8/Q=="}
# Of the example of the Amazon S3 API Reference: 65 KiB of the letter a in chunks of 64 KiB.
CHUNKS = [b"a" * 65536, b"a" * 1024]


def published(signatures: list[str], end: bytes) -> bytes:
    parts = [
        f"{len(chunk):x};chunk-signature={signature}\r\n".encode() + chunk + b"\r\n" * bool(chunk)
        for chunk, signature in zip([*CHUNKS, b""], signatures, strict=True)
    ]
    return b"".join([*parts, end])


PLAIN_SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
PLAIN = published(
    [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ],
    b"\r\n",
)
TRAILER_SEED = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
WITH_TRAILER = published(
    [
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ],
    b"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:"
    b"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
)


def decoded(
    signed: Signed, body: bytes, cuts: list[int] | None = None
) -> tuple[bytes, ChunkDecoder]:
    decoder = ChunkDecoder(signed)
    out, edges = bytearray(), sorted({0, len(body), *(cuts or [])})
    for start, stop in itertools.pairwise(edges):
        for piece in decoder.feed(body[start:stop]):
            out += piece
    decoder.finish()
    return bytes(out), decoder


def test_the_published_examples_are_right() -> None:
    assert decoded(seeded(SIGNED, PLAIN_SEED), PLAIN)[0] == b"".join(CHUNKS)
    data, decoder = decoded(seeded(TRAILED, TRAILER_SEED), WITH_TRAILER)
    assert data == b"".join(CHUNKS)
    assert decoder.trailers["x-amz-checksum-crc32c"] == "sOO8/Q=="


def test_what_the_tests_make_is_what_is_published() -> None:
    assert chunked_body(seeded(SIGNED, PLAIN_SEED), CHUNKS) == PLAIN
    assert chunked_body(seeded(TRAILED, TRAILER_SEED), CHUNKS, CRC) == WITH_TRAILER


@given(
    form=st.sampled_from(sorted(STREAMING_FORMS)),
    chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    cuts=st.lists(st.integers(0, 700), max_size=8),
)
def test_every_way_of_cutting_gives_the_same(
    form: str, chunks: list[bytes], cuts: list[int]
) -> None:
    signed = seeded(form, PLAIN_SEED)
    body = chunked_body(signed, chunks, CRC)
    data, decoder = decoded(signed, body, [min(cut, len(body)) for cut in cuts])
    assert data == b"".join(chunks)
    assert CRC.items() <= decoder.trailers.items() or form == SIGNED


@given(st.data())
def test_what_was_changed_or_cut_off_is_refused(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from([SIGNED, TRAILED]))
    signed = seeded(form, PLAIN_SEED)
    body = bytearray(chunked_body(signed, [b"first", b"second one"], CRC))
    at = data.draw(st.integers(0, len(body) - 1))
    if data.draw(st.booleans()):
        # Without the last CRLF nothing is missing where there are no trailers.
        del body[min(at, len(body) - 3) :]
    else:
        flipped = body[at] ^ (1 << data.draw(st.integers(0, 7)))
        if bytes([body[at], flipped]).lower() in {b"aa", b"\r\r"} or body[at] in b"\r\n":
            return
        body[at] = flipped
    try:
        payload, decoder = decoded(signed, bytes(body))
    except S3Error:
        return
    # What is left are other spellings: the size of a chunk in capitals, a trailer's name.
    assert payload == b"firstsecond one"
    assert {name.lower() for name in decoder.trailers} >= (CRC.keys() if form == TRAILED else set())


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhello\r\n0\r\n\r\nmore",
        b"5\r\nhelloo\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"5;chunk-signature=" + b"0" * 64 + b"\r\nhello\r\n0\r\n\r\n",
        b"1" * 2000,
        b"fffffffffffffffff\r\n",
        b"0\r\na:b\r\na:c\r\n\r\n",
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\n" + b"".join(b"x-%d:1\r\n" % n for n in range(20)) + b"\r\n",
        b"5\r\nhel",
        b"",
    ],
)
def test_malformed_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(S3Error):
        decoded(seeded(UNSIGNED, PLAIN_SEED), body)


@pytest.mark.parametrize("signature", ["", "x-amz-trailer-signature:" + "0" * 64 + "\r\n"])
def test_trailers_must_be_signed(signature: str) -> None:
    body = WITH_TRAILER[: WITH_TRAILER.index(b"x-amz-trailer")] + signature.encode() + b"\r\n"
    with pytest.raises(S3Error):
        decoded(seeded(TRAILED, TRAILER_SEED), body)


@given(st.sampled_from(sorted(STREAMING_FORMS)), st.binary(max_size=200))
def test_whatever_arrives_ends(form: str, body: bytes) -> None:
    with pytest.raises(S3Error):
        decoded(seeded(form, PLAIN_SEED), body + b"z")
