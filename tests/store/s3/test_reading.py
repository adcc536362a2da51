"""GET and HEAD: ranges, conditions, presigned addresses, and what needs no signature."""

import contextlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from botocore.exceptions import ClientError

from tests.store.s3.test_writing import code_of
from tests.store.serving import ServedStore

DATA = random.Random(4).randbytes((2 << 20) + 4321)


@pytest.fixture(scope="module")
def film(s3: Any, server: ServedStore) -> str:
    """The address of an object that its bucket shows to everybody."""
    s3.create_bucket(Bucket="open")
    s3.create_bucket(Bucket="shut")
    for bucket in ("open", "shut"):
        s3.put_object(Bucket=bucket, Key="film", Body=DATA, ContentType="video/mp4")
    s3.put_object(Bucket="open", Key="empty", Body=b"")
    return f"{server.address}/open/film"


@pytest.fixture(scope="module")
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=60) as client:
        yield client


def test_ranges(film: str, http: httpx2.Client) -> None:
    draw, size = random.Random(5), len(DATA)
    spans = [(0, 1), (size - 1, size), (0, size), ((1 << 20) - 1, (1 << 20) + 1)]
    for _ in range(30):
        start, stop = sorted(draw.sample(range(size), 2))
        spans.append((start, stop))
    for start, stop in spans:
        answer = http.get(film, headers={"Range": f"bytes={start}-{stop - 1}"})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
        assert answer.content == DATA[start:stop]
    assert http.get(film, headers={"Range": "bytes=-9"}).content == DATA[-9:]
    assert http.get(film, headers={"Range": f"bytes={size - 9}-"}).content == DATA[-9:]
    head = http.head(film, headers={"Range": "bytes=0-9"})
    assert (head.status_code, head.headers["content-length"], head.content) == (206, "10", b"")


@pytest.mark.parametrize("header", ["bytes=1-2,4-5", "bytes=9-1", "lines=1-2", "bytes=x"])
def test_other_ranges_get_the_whole(film: str, http: httpx2.Client, header: str) -> None:
    answer = http.get(film, headers={"Range": header})
    assert (answer.status_code, answer.content) == (200, DATA)
    assert "content-range" not in answer.headers


def test_a_range_past_the_end_is_refused(film: str, http: httpx2.Client) -> None:
    answer = http.get(film, headers={"Range": f"bytes={len(DATA)}-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"
    assert "<Code>InvalidRange</Code>" in answer.text


def test_an_empty_object(film: str, http: httpx2.Client) -> None:
    empty = film.replace("film", "empty")
    answer = http.get(empty)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert http.get(empty, headers={"Range": "bytes=0-"}).status_code == 416


def test_conditions(film: str, http: httpx2.Client) -> None:
    head = http.head(film)
    etag, modified = head.headers["etag"], head.headers["last-modified"]
    assert head.headers["content-type"] == "video/mp4"
    assert head.headers["accept-ranges"] == "bytes"
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": modified}):
        answer = http.get(film, headers=headers)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
    assert http.get(film, headers={"If-Match": '"other"'}).status_code == 412
    part = {"Range": "bytes=0-9"}
    assert http.get(film, headers=part | {"If-Range": etag}).content == DATA[:10]
    assert http.get(film, headers=part | {"If-Range": modified}).content == DATA[:10]
    assert http.get(film, headers=part | {"If-Range": '"other"'}).content == DATA


def test_what_is_stored_cannot_act_as_a_page(film: str, http: httpx2.Client) -> None:
    headers = http.head(film).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("sandbox;")
    assert "access-control-allow-origin" not in headers


def test_without_a_signature_only_what_is_open_is_read(film: str, http: httpx2.Client) -> None:
    origin = film.removesuffix("/open/film")
    for method, path in (
        ("GET", "/shut/film"),
        ("HEAD", "/shut/film"),
        ("GET", "/"),
        ("GET", "/open"),
        ("GET", "/open/"),
        ("GET", "/open?list-type=2"),
        ("GET", "/open/film?uploadId=1"),
        ("GET", "/open/film?response-content-type=text/html"),
        ("GET", "/.uploads/x"),
        ("PUT", "/open/new"),
        ("DELETE", "/open/film"),
        ("POST", "/open?delete"),
        ("PUT", "/new-bucket"),
    ):
        answer = http.request(
            method, origin + path, content=b"" if method in {"PUT", "POST"} else None
        )
        assert answer.status_code == 403, (method, path)
    assert http.get(film).content == DATA


def test_presigned_addresses_need_no_keys(
    server: ServedStore, film: str, http: httpx2.Client
) -> None:
    assert film
    url = server.url("get_object", "shut", "film")
    for _ in range(2):
        answer = http.get(url, headers={"Range": "bytes=5-9", "Origin": "http://127.0.0.1:8180"})
        assert (answer.status_code, answer.content) == (206, DATA[5:10])
        assert answer.headers["access-control-allow-origin"] == "*"
    assert http.put(url, content=b"x").status_code == 403
    assert http.get(url.replace("/shut/film", "/shut/other")).status_code == 403
    assert "expired" in http.get(server_expired(server)).text
    put = server.url("put_object", "shut", "put")
    assert http.put(put, content=b"through an address").status_code == 200
    assert http.get(server.url("get_object", "shut", "put")).content == b"through an address"
    preflight = http.request("OPTIONS", url, headers={"Access-Control-Request-Method": "GET"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"


def server_expired(server: ServedStore) -> str:
    from riostat.store.s3.signatures import Head, presigned_query

    host = server.address.removeprefix("http://").encode()
    head = Head("GET", b"/shut/film", b"", [(b"host", host)])
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    query = presigned_query(server.credentials, head, now=long_ago, expires=timedelta(minutes=1))
    return f"{server.address}/shut/film?{query}"


def test_answers_can_be_given_other_headers(s3: Any, film: str) -> None:
    assert film
    got = s3.get_object(
        Bucket="shut", Key="film", ResponseContentType="text/plain", ResponseCacheControl="no-store"
    )
    with contextlib.closing(got["Body"]):
        assert (got["ContentType"], got["CacheControl"]) == ("text/plain", "no-store")
    hostile = s3.get_object(
        Bucket="shut", Key="film", Range="bytes=0-0", ResponseContentType="a\r\nset-cookie: b=c"
    )
    with contextlib.closing(hostile["Body"]):
        assert "set-cookie" not in hostile["ResponseMetadata"]["HTTPHeaders"]


def test_what_is_not_there(s3: Any, film: str) -> None:
    assert film
    for bucket, key, code in (("shut", "none", "NoSuchKey"), ("nowhere", "k", "NoSuchBucket")):
        with pytest.raises(ClientError) as error:
            s3.get_object(Bucket=bucket, Key=key)
        assert code_of(error) == code
        with pytest.raises(ClientError) as error:
            s3.head_object(Bucket=bucket, Key=key)
        assert code_of(error) == "404"
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket="shut", Key="film", VersionId="other")
    assert code_of(error) == "NotImplemented"
