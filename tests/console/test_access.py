"""Strangers stay out: other users, other sites, other names of this address."""

import http.client
import os
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from riostat.console.access import AccessPolicy, host_names, load_token, page_policy
from riostat.console.app import create_app
from riostat.core.errors import ConsoleError
from tests.console.serving import TOKEN, RunningConsole, new_settings

POLICY = AccessPolicy(TOKEN, "riostat-8180", host_names("127.0.0.1"))
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def paths() -> list[tuple[str, str]]:
    """Every endpoint of the route table, with something in its parameters."""
    endpoints = create_app(new_settings(Path("unused")), token=TOKEN).endpoints
    return [
        (e.method, e.path.replace("{id}", "x").replace("{version}/{path:path}", "v/signin.css"))
        for e in endpoints
    ]


@pytest.mark.parametrize(("method", "path"), paths())
def test_nothing_but_health_is_open(stranger: httpx2.Client, method: str, path: str) -> None:
    answer = stranger.request(method, path)
    assert answer.status_code == (200 if path == "/healthz" else 401)
    assert HEADERS.items() <= dict(answer.headers).items()
    if path.startswith("/api"):
        assert answer.json()["error"].count("token") >= 1
    elif path != "/healthz":
        assert "Bearer" in answer.headers["www-authenticate"]
        assert 'name="token"' in answer.text


def test_the_first_url_becomes_a_cookie_and_loses_its_token(console: RunningConsole) -> None:
    with httpx2.Client(trust_env=False) as browser:
        first = browser.get(console.url)
        assert first.status_code == 303
        assert first.headers["location"] == "/"
        cookie = first.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert console.token not in cookie
        assert browser.get(console.origin + "/api/runs").status_code == 200


def test_the_rest_of_the_address_stays(stranger: httpx2.Client) -> None:
    answer = stranger.get(f"/runs/x?from=1&token={TOKEN}&to=2%262")
    assert answer.headers["location"] == "/runs/x?from=1&to=2%262"


@pytest.mark.parametrize("path", ["//evil.example/", "/%5Cevil.example", "//%2F/evil.example"])
def test_the_redirect_stays_on_this_host(console: RunningConsole, path: str) -> None:
    request = f"GET {path}?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    head = console.raw(request.encode()).decode()
    location = next(line for line in head.splitlines() if line.startswith("location: "))
    assert urlsplit(location.removeprefix("location: ")).netloc == ""
    assert not location.startswith(("location: //", "location: /\\"))


@pytest.mark.parametrize(
    "token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "\u00e9", "%ff", "a" * 10_000, "\0"]
)
def test_a_wrong_token_opens_nothing(stranger: httpx2.Client, token: str) -> None:
    answer = stranger.get("/", params={"token": token})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_the_api_takes_no_token_in_its_address(stranger: httpx2.Client) -> None:
    assert stranger.get("/api/runs", params={"token": TOKEN}).status_code == 401


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN]
)
def test_other_authorizations_open_nothing(stranger: httpx2.Client, value: str) -> None:
    assert stranger.get("/api/runs", headers={"authorization": value}).status_code == 401


def test_the_cookie_is_compared_whole(stranger: httpx2.Client, console: RunningConsole) -> None:
    name, value = f"riostat-{console.port}", AccessPolicy(TOKEN, "", str.isascii).cookie_value
    for cookie, status in (
        (f"{name}={value}", 200),
        (f"other=1; {name}={value}", 200),
        (f"{name}={value[:-1]}", 401),
        (f"{name}={TOKEN}", 401),
        (f"riostat-1={value}", 401),
    ):
        assert stranger.get("/api/runs", headers={"cookie": cookie}).status_code == status


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "", "127.0.0.2"]
)
def test_another_name_of_this_address_is_refused(client: httpx2.Client, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 403
    assert client.get("/healthz", headers={"host": host}).status_code == 403


def test_two_hosts_or_none_are_refused(console: RunningConsole) -> None:
    for hosts in (b"Host: 127.0.0.1\r\nHost: evil.example\r\n", b""):
        request = b"GET /healthz HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n"
        assert console.raw(request).split(b" ", 2)[1] in {b"400", b"403"}


@pytest.mark.parametrize(
    ("bound", "own", "other"),
    [
        ("127.0.0.1", ["127.0.0.1", "localhost", "::1"], ["10.0.0.1", "evil.example", ""]),
        ("::1", ["::1", "localhost"], ["evil.example"]),
        ("localhost", ["localhost", "127.0.0.1"], ["evil.example"]),
        ("0.0.0.0", ["10.1.2.3", "fe80::1", "localhost"], ["evil.example", "10.1.2.3.nip.io"]),
        ("192.0.2.7", ["192.0.2.7"], ["192.0.2.8", "evil.example"]),
        ("console.example", ["console.example"], ["evil.example", "127.0.0.1"]),
    ],
)
def test_names_of_an_address(bound: str, own: list[str], other: list[str]) -> None:
    is_own = host_names(bound)
    assert [name for name in own if not is_own(name)] == []
    assert [name for name in other if is_own(name)] == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, 403),
        ({"sec-fetch-site": "same-origin"}, 415),
        ({}, 415),
    ],
)
def test_another_page_changes_nothing(
    client: httpx2.Client, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/api/record", content=b"{}", headers=headers)
    assert answer.status_code == status


def test_the_own_page_may_change(console: RunningConsole, client: httpx2.Client) -> None:
    headers = {"origin": console.origin, "sec-fetch-site": "same-origin"}
    assert client.post("/api/record", content=b"x", headers=headers).status_code == 415


def test_another_page_may_link_here_but_not_read(client: httpx2.Client) -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/runs", headers=link | {"sec-fetch-dest": "document"}).status_code == 200
    assert client.get("/runs", headers=link | {"sec-fetch-dest": "iframe"}).status_code == 403
    reading = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}
    assert client.get("/api/runs", headers=reading).status_code == 403


def test_every_page_has_a_policy_without_inline_script(client: httpx2.Client) -> None:
    for path in ("/", "/runs", "/diff", "/nothing", "/api/runs"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy


def test_no_token_is_logged(console: RunningConsole, stranger: httpx2.Client) -> None:
    stranger.get("/", params={"token": TOKEN})
    stranger.get("/nothing", params={"token": TOKEN})
    console.raw(b"GET /?token=" + TOKEN.encode() + b" HTTP/9.9\r\n\r\n")
    assert TOKEN not in console.log.read_text()


@given(st.text())
def test_only_the_token_is_the_token(text: str) -> None:
    assert POLICY.knows_token(text) == (text == TOKEN)


@given(st.text(), st.text(st.characters(max_codepoint=255)))
def test_any_header_is_answered(host: str, cookie: str) -> None:
    pairs = [(b"host", host.encode("utf-8")), (b"cookie", cookie.encode("latin-1"))]
    headers = Headers(raw=pairs)
    POLICY.is_own_host(headers)
    assert not POLICY.admits(headers)


def test_the_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = load_token(path, "")
    assert len(token) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_token(path, "") == token
    assert load_token(path, "given-by-a-setting") == "given-by-a-setting"


@pytest.mark.parametrize(("mode", "content"), [(0o644, "a" * 32), (0o600, "a b"), (0o600, "")])
def test_a_token_that_others_know_is_refused(tmp_path: Path, mode: int, content: str) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(ConsoleError, match=r"remove it"):
        load_token(path, "")


def test_a_token_behind_a_link_or_without_a_place_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "real"
    load_token(real, "")
    (tmp_path / "link").symlink_to(real)
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "link", tmp_path / "pipe", tmp_path / "absent" / "token"):
        with pytest.raises(ConsoleError):
            load_token(path, "")


def test_a_policy_can_be_widened_by_name() -> None:
    assert "style-src 'self' 'unsafe-inline'" in page_policy(style_src="'self' 'unsafe-inline'")


def test_a_refused_connection_upgrade_is_an_ordinary_request(console: RunningConsole) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=30)
    connection.request(
        "GET",
        "/api/live",
        headers={"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"},
    )
    assert connection.getresponse().status == 401
    connection.close()
