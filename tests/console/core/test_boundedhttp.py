"""What comes before a request's body is bounded."""

from pathlib import Path

import httpx2

from riostat.console.usage import process_use
from riostat.core.boundedhttp import HEAD_BYTES
from tests.console.serving import RunningConsole


def memory_of(console: RunningConsole) -> int:
    use = process_use(console.process.pid)
    assert use is not None
    return use.memory_bytes


def test_an_endless_address_is_cut_off(console: RunningConsole) -> None:
    before = memory_of(console)
    answer = console.raw(b"GET /?x=" + b"a" * (64 << 20))
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")
    assert memory_of(console) - before < 16 << 20


def test_endless_headers_are_cut_off(console: RunningConsole) -> None:
    answer = console.raw(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * (HEAD_BYTES // 2))
    assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


def test_a_large_head_that_ends_is_answered(client: httpx2.Client) -> None:
    answer = client.get("/api/runs", params={"x": "a" * (HEAD_BYTES // 2)})
    assert answer.status_code == 200


def test_many_requests_of_one_connection_are_not_counted_together(client: httpx2.Client) -> None:
    for _ in range(10):
        assert client.get("/healthz", headers={"x": "a" * (HEAD_BYTES // 4)}).status_code == 200


def test_what_is_no_http_is_refused(console: RunningConsole) -> None:
    for request in (
        b"\x16\x03\x01\x02\x00\x01",
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost\r\n\r\n",
    ):
        assert console.raw(request).startswith(b"HTTP/1.1 400 ")
    assert Path(f"/proc/{console.process.pid}").exists()
