"""Whatever strangers send over real sockets: an answer or the end, and the server stays."""

import contextlib
import random
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from riostat.store.s3.percent import encoded_path
from riostat.store.s3.signatures import Head, presigned_query
from tests.store.serving import ServedStore

METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE", "M-SEARCH", "get"]
PATHS = [
    "/",
    "/open",
    "/open/",
    "/open/film",
    "//",
    "/open//x",
    "/%",
    "/%zz",
    "/%00",
    "/open/%ff",
    "/open/..",
    "/open/%2e%2e%2fcredentials",
    "*",
    "http://h/open/film",
    "/.uploads/x",
    r"/open/a\b",
    "open",
    "/open/%F0%9F%98%80",
]
QUERIES = [
    "list-type=2",
    "uploads",
    "uploadId=1",
    "uploadId=00000000000000000000000000000000",
    "uploadId=00000000000000000000000000000000&partNumber=1",
    "delete",
    "acl",
    "location",
    "max-keys=-1",
    "max-keys=99999999999999999999",
    "max-keys=0",
    "list-type=2&delimiter=/&prefix=%2F&max-keys=1",
    "partNumber=0",
    "prefix=%ff",
    "encoding-type=x",
    "list-type=2&continuation-token=zz",
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=1",
    "X-Amz-Signature=1",
    "versionId=1",
    "response-content-type=%0d%0aa:b",
]
HEADERS = """
Range: bytes=0-1
Range: bytes=-
Range: bytes=9999999999999999999999-
If-None-Match: "
Authorization: AWS4-HMAC-SHA256 Credential=
Authorization: Bearer x
x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER
x-amz-date: 20130524T000000Z
x-amz-decoded-content-length: -1
Content-Length: 5
Content-Length: -1
Content-Length: 99999999999999999999
Transfer-Encoding: chunked
Transfer-Encoding: gzip
Expect: 100-continue
Expect: x
Connection: close
Connection: upgrade
Upgrade: websocket
 folded
Bad Header: 1
If-Modified-Since: Mon, 99 Foo 0000 99:99:99 GMT
x-amz-copy-source: /open/film
x-amz-meta-a: \x01
Content-MD5: x
x-amz-checksum-crc32: AAAA
Origin: null
""".strip("\n").split("\n")
HEADERS += ["Range: bytes=" + "0-1," * 1000, "Cookie: " + "c" * 9000, "Range: \xff", "X: \0"]
BODIES = [
    b"",
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"0\r\n\r\n",
    bytes(100),
    b"<Delete/>",
    b"zz\r\n",
]
_PATIENCE_S = 0.1


def exchange(port: int, request: bytes, *, patience_s: float = 20) -> bytes:
    """Send a request; return the first answer, or what came in `patience_s` of silence."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        received = bytearray()
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.sendall(request)
            connection.settimeout(patience_s)
            while not _is_whole(request, received) and (piece := connection.recv(1 << 16)):
                received += piece
        return bytes(received)


def _is_whole(request: bytes, answer: bytearray) -> bool:
    head, end, body = bytes(answer).partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    if length is None or request.startswith(b"HEAD"):
        return end != b""
    return len(body) >= int(length[1])


def fuzzed(draw: random.Random) -> bytes:
    """A request that is more or less HTTP."""
    path = draw.choice(PATHS) + draw.choice(["", "?" + draw.choice(QUERIES)])
    version = "1.1" if draw.random() < 0.9 else draw.choice(["1.0", "2.0", "x"])
    lines = [f"{draw.choice(METHODS)} {path} HTTP/{version}", "Host: 127.0.0.1"]
    lines += draw.sample(HEADERS, draw.choice([0, 1, 1, 2, 4]))
    request = bytearray("\r\n".join([*lines, "", ""]).encode("latin-1") + draw.choice(BODIES))
    if draw.random() < 0.1:
        request[draw.randrange(len(request))] = draw.randrange(256)
    return bytes(request)


def signed_nonsense(server: ServedStore, draw: random.Random) -> bytes:
    """A request whose signature is right, and that means little."""
    method = draw.choice(METHODS[:5])
    path = encoded_path(
        draw.choice(["/", "/odd", "/odd/k", "/odd/%00", "/none/k", "/odd/%ff"]).encode()
    )
    query = b"" if draw.random() < 0.4 else draw.choice(QUERIES[:-4]).encode()
    host = server.address[7:]
    head = Head(method, path.encode(), query, [(b"host", host.encode())])
    signed = presigned_query(
        server.credentials, head, now=datetime.now(UTC), expires=timedelta(minutes=5)
    )
    body = draw.choice(BODIES)
    lines = [f"{method} {path}?{signed} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [draw.choice(SOUND_HEADERS)] * draw.choice([0, 1])
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def look_at(answer: bytes, request: bytes) -> None:
    """Whatever was asked, nothing but a refusal may come: none of it is signed."""
    head = answer.split(b"\r\n", 1)[0]
    assert answer == b"" or head.startswith(b"HTTP/1.1 "), (request, answer[:200])
    status = int(head.split(b" ")[1]) if answer else 0
    assert status in {0, 100, 204, 400, 403, 404, 405, 411, 416, 431, 501, 200, 206}, (
        request,
        head,
    )
    if status in {200, 206}:
        assert b"/open/film" in request, (request, answer[:200])


SOUND_HEADERS = [
    header for header in HEADERS if re.match("Range|If|Content-MD5|Origin|Cookie", header)
]


def fuzz(server: ServedStore, seed: int, rounds: int) -> None:
    draw = random.Random(seed)
    for number in range(rounds):
        request = fuzzed(draw)
        try:
            look_at(exchange(server.port, request, patience_s=_PATIENCE_S), request)
        except (OSError, AssertionError) as error:
            raise AssertionError(f"seed {seed}, round {number}: {request!r}") from error
    assert server.process.poll() is None


@pytest.fixture(scope="module")
def film(s3: Any) -> bytes:
    s3.create_bucket(Bucket="open")
    s3.put_object(Bucket="open", Key="film", Body=b"film" * 100)
    return b"film" * 100


def intact(s3: Any, film: bytes) -> None:
    """Whether all is as it was: nothing has been written by strangers, and the film is whole."""
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} <= {"open", "odd"}
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="open")["Contents"]] == ["film"]
    with contextlib.closing(s3.get_object(Bucket="open", Key="film")["Body"]) as body:
        assert body.read() == film


def test_fuzzed_requests_harm_nothing(server: ServedStore, s3: Any, film: bytes) -> None:
    fuzz(server, 1, 300)
    intact(s3, film)


def fuzz_signed(server: ServedStore, seed: int, rounds: int) -> None:
    draw = random.Random(seed)
    for number in range(rounds):
        request = signed_nonsense(server, draw)
        head = exchange(server.port, request, patience_s=5).split(b"\r\n")[0]
        known = {
            b"200",
            b"204",
            b"206",
            b"304",
            b"400",
            b"404",
            b"405",
            b"409",
            b"411",
            b"412",
            b"416",
            b"501",
        }
        assert head.split(b" ")[1] in known, f"seed {seed}, round {number}: {request!r} {head!r}"


def test_signed_nonsense_is_answered(server: ServedStore, s3: Any) -> None:
    fuzz_signed(server, 1, 400)
    for item in s3.list_objects_v2(Bucket="odd").get("Contents", []) if _has_odd(s3) else []:
        s3.delete_object(Bucket="odd", Key=item["Key"])
    if _has_odd(s3):
        s3.delete_bucket(Bucket="odd")


def _has_odd(s3: Any) -> bool:
    return "odd" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


@pytest.mark.soak
def test_fuzzed_requests_harm_nothing_for_long(server: ServedStore, s3: Any, film: bytes) -> None:
    for seed in range(2, 60):
        fuzz(server, seed, 1000)
        fuzz_signed(server, seed, 1000)
    intact(s3, film)


def test_a_path_out_of_the_store_leads_nowhere(server: ServedStore, film: bytes) -> None:
    assert film
    for path in ("/open/../credentials", "/../credentials", "/open/%2e%2e/%2e%2e/credentials"):
        answer = exchange(server.port, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert b"aws_secret" not in answer
        assert b" 40" in answer[:20]


def signed_put(server: ServedStore, key: str, body: bytes, **headers: str) -> bytes:
    """A PUT that botocore has signed, with a body of our own."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest("PUT", f"{server.address}/open/{quote(key)}", given)
    keys = server.credentials
    request.context["payload_signing_enabled"] = True
    S3SigV4Auth(Credentials(keys.access_key, keys.secret_key), "s3", "us-east-1").add_auth(request)
    prepared = request.prepare()
    lines = [f"PUT /open/{quote(key)} HTTP/1.1", f"Host: {server.address[7:]}"]
    for name, value in prepared.headers.items():
        text = value.decode() if isinstance(value, bytes) else value
        if name.lower() != "content-length":
            lines.append(f"{name}: {text}")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_a_body_that_was_changed_is_refused(server: ServedStore, s3: Any, film: bytes) -> None:
    # The signature says that the body is empty.
    answer = exchange(server.port, signed_put(server, "k", b"something else"))
    assert b"XAmzContentSHA256Mismatch" in answer
    intact(s3, film)


def test_a_body_that_is_cut_off_leaves_nothing(server: ServedStore, s3: Any, film: bytes) -> None:
    url = server.url("put_object", "open", "cut").removeprefix(server.address)
    for sent in (0, 1, 70_000, 3 << 20):
        head = (
            f"PUT {url} HTTP/1.1\r\nHost: {server.address[7:]}\r\nContent-Length: 4000000\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(head.encode() + bytes(sent))
    intact(s3, film)


def test_requests_may_follow_one_another_without_waiting(server: ServedStore, film: bytes) -> None:
    request = b"GET /open/film HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /open/film HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(request * 20 + last)
        received = bytearray()
        while piece := connection.recv(1 << 16):
            received += piece
    assert received.count(b"HTTP/1.1 200 OK") == 21
    assert received.count(film) == 21


def test_an_answer_to_who_has_gone_costs_nothing(server: ServedStore, s3: Any, film: bytes) -> None:
    s3.put_object(Bucket="open", Key="film2", Body=bytes(20 << 20))
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(b"GET /open/film2 HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(1000)
    s3.delete_object(Bucket="open", Key="film2")
    intact(s3, film)
    assert Path(f"/proc/{server.process.pid}").exists()
