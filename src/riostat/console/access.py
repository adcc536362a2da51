"""Who may ask: a token, then a cookie; and only pages of this console's own origin.

Three strangers are kept out. Other users of the machine have no token. A page of another site
that is open in the same browser cannot send a changing request, because its Origin and
Sec-Fetch-Site say so, nor can it read. A name of another site that was rebound to this address
(DNS rebinding) does not pass as a Host.

Fetch metadata: https://www.w3.org/TR/fetch-metadata/.
"""

import base64
import hashlib
import hmac
import ipaddress
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from riostat.console.answers import api_failure
from riostat.core.errors import ConsoleError

__all__ = ["AccessPolicy", "Guard", "host_names", "is_api", "load_token", "page_policy"]

_TOKEN_FILE_BYTES = 4096
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,}")
_OPEN_PATH = "/healthz"
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_PAGE_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_HEADERS = {
    # With no-referrer a browser says "Origin: null" even to the page's own server, and a form of
    # ours could not be told from one of a stranger.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def page_policy(**changes: str) -> str:
    """Return a Content-Security-Policy: that of every page, with `changes` such as style_src."""
    sources = _PAGE_SOURCES | {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in sources.items())


def load_token(path: Path, given: str) -> str:
    """Return the token: the one `given` by a setting, else the one at `path`, made when absent.

    Raises `ConsoleError` where the file cannot be used, or could be read by another user.
    """
    if given:
        return given
    try:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            return _read_token(path)
        with os.fdopen(descriptor, "w") as file:
            token = secrets.token_urlsafe(32)
            file.write(token + "\n")
    except OSError as error:
        raise ConsoleError(
            f"The console's token {path} cannot be used ({error.strerror}); choose another "
            "directory with --data or set RIOSTAT_TOKEN."
        ) from error
    return token


def _read_token(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        text = file.read(_TOKEN_FILE_BYTES).decode("ascii", "replace").strip()
    if status.st_mode & 0o077 or status.st_uid != os.geteuid():
        raise ConsoleError(
            f"The console's token {path} belongs to or can be read by another user; remove it, "
            "and the next start makes a new one."
        )
    if not _TOKEN.fullmatch(text):
        raise ConsoleError(
            f"The console's token {path} holds no token; remove it, and the next start makes a "
            "new one."
        )
    return text


def host_names(host: str) -> Callable[[str], bool]:
    """Return the test of the Host header's name for a console that listens on `host`.

    On loopback the names of loopback pass, on one address that address, on all addresses every
    literal address and this machine's own name: an attacker's name can be rebound to an address,
    but is never one. The port is not compared, so that a forwarded port works.
    """
    own = {socket.gethostname().lower(), "localhost"}
    try:
        bound = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        names = {host.lower()} | ({"127.0.0.1", "::1"} if host == "localhost" else set())
        return lambda name: name in names
    if bound.is_unspecified:
        return lambda name: name in own or _is_address(name)
    if bound.is_loopback:
        return lambda name: name in {"localhost", "127.0.0.1", "::1", str(bound)}
    return lambda name: name == str(bound) or name in own


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """The token, the cookie that stands for it, and the names under which this console answers."""

    token: str
    cookie_name: str
    is_own_name: Callable[[str], bool]

    @property
    def cookie_value(self) -> str:
        """What the browser keeps: made from the token, and of no use for finding it."""
        return hmac.digest(self.token.encode(), b"riostat console cookie", hashlib.sha256).hex()

    def knows_token(self, text: str) -> bool:
        """Whether `text` is the token, in a time that does not depend on where it differs."""
        return hmac.compare_digest(text.encode(), self.token.encode())

    def admits(self, headers: Headers) -> bool:
        """Whether the request carries the cookie or the token as a bearer."""
        scheme, _, value = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.knows_token(value.strip())
        given = _cookies(headers.getlist("cookie"), self.cookie_name)
        return any(hmac.compare_digest(v.encode(), self.cookie_value.encode()) for v in given)

    def is_own_host(self, headers: Headers) -> bool:
        """Whether the one Host header names this console."""
        hosts = headers.getlist("host")
        return len(hosts) == 1 and self.is_own_name(_name(hosts[0]))

    def is_own_page(self, method: str, headers: Headers) -> bool:
        """Whether a request comes from this console's pages, a person's hand, or no browser.

        A stranger's page may still link here: that is a top-level GET, and shows it nothing.
        """
        site = headers.get("sec-fetch-site", "none")
        if site not in {"same-origin", "none"}:
            return (
                method in _SAFE_METHODS
                and headers.get("sec-fetch-mode") == "navigate"
                and headers.get("sec-fetch-dest") == "document"
            )
        origin = headers.get("origin")
        return origin is None or origin.partition("://")[2] == headers.get("host")


def _name(host: str) -> str:
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:@/]+))(?::\d{1,5})?", host)
    return (match[1] or match[2]).lower().rstrip(".") if match else ""


def _cookies(headers: Iterable[str], name: str) -> list[str]:
    pairs = (part.strip().partition("=") for line in headers for part in line.split(";"))
    return [value for key, _, value in pairs if key == name]


class Guard:
    """ASGI middleware: refuses strangers, turns the first URL into a cookie, adds the headers."""

    def __init__(
        self, app: ASGIApp, *, policy: AccessPolicy, signin: Callable[[str], tuple[str, str]]
    ) -> None:
        self._app = app
        self._policy = policy
        self._signin = signin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._answer(scope) or self._app
            await answer(scope, receive, _with_headers(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _answer(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._policy.is_own_host(headers):
            return _stranger(
                scope["path"],
                "This console does not answer to the name in the Host header; use the address "
                "that `riostat up` printed.",
            )
        if scope["path"] == _OPEN_PATH:
            return None
        if not self._policy.is_own_page(scope["method"], headers):
            return _stranger(
                scope["path"],
                "A page of another origin sent this request; use this console's own pages.",
            )
        return self._login(scope) or self._unauthorised(scope, headers)

    def _login(self, scope: Scope) -> Response | None:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for key, value in query if key == "token"]
        if not given or scope["method"] not in _SAFE_METHODS or is_api(scope["path"]):
            return None
        if not self._policy.knows_token(given[0]):
            return self._refusal(scope["path"], "The token in the address is not this console's.")
        rest = urlencode([pair for pair in query if pair[0] != "token"])
        # Two slashes at the front would send the browser to another host.
        path = "/" + scope["path"].lstrip("/\\")
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, status_code=303)
        answer.set_cookie(
            self._policy.cookie_name, self._policy.cookie_value, httponly=True, samesite="strict"
        )
        return answer

    def _unauthorised(self, scope: Scope, headers: Headers) -> Response | None:
        if self._policy.admits(headers):
            return None
        return self._refusal(scope["path"], "This console opens with its token.")

    def _refusal(self, path: str, sentence: str) -> Response:
        how = (
            "Open the address that `riostat up` printed, /?token=…; the token is also in the "
            "file `token` of the data directory."
        )
        bearer = {"www-authenticate": 'Bearer realm="riostat"'}
        if is_api(path):
            return api_failure(401, f"{sentence} {how}", bearer)
        html, style = self._signin(f"{sentence} {how}")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = page_policy(style_src=f"'sha256-{digest}'")
        return HTMLResponse(html, 401, headers=bearer | {"content-security-policy": policy})


def _stranger(path: str, sentence: str) -> Response:
    return api_failure(403, sentence) if is_api(path) else PlainTextResponse(sentence + "\n", 403)


def is_api(path: str) -> bool:
    """Whether a path belongs to the API, whose failures are JSON."""
    return path == "/api" or path.startswith("/api/")


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("content-security-policy", page_policy())
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
