"""An object's bytes over the console's own port: all of them, ranges, and nothing that runs."""

from urllib.parse import unquote

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riostat.console.parts.objects import INLINE, is_playable, shown_type
from tests.console.parts.conftest import FILM, Stocked
from tests.console.serving import RunningConsole


def get(shop: httpx2.Client, key: str, **headers: str) -> httpx2.Response:
    return shop.get("/objects", params={"bucket": "media", "key": key}, headers=headers)


def test_every_object_comes_back_as_it_was_put(shop: httpx2.Client, stocked: Stocked) -> None:
    for key, (_, content) in stocked.objects.items():
        if not key.startswith("many/"):
            answer = get(shop, key)
            assert answer.status_code == 200
            assert answer.content == content
            assert answer.headers["content-length"] == str(len(content))


def test_no_type_that_runs_is_shown(shop: httpx2.Client, stocked: Stocked) -> None:
    for key, (kind, _) in stocked.objects.items():
        if key.startswith("many/"):
            continue
        headers = get(shop, key).headers
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "sandbox" in policy
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        if kind in INLINE or kind.startswith("text/plain"):
            assert headers["content-disposition"].startswith("inline")
        else:
            assert headers["content-type"] == "application/octet-stream"
            assert headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "kind",
    [
        "text/html",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/pdf",
        "text/javascript",
        "video/mp4, text/html",
        "",
        "text/html;video/mp4",
    ],
)
def test_only_listed_types_are_shown(kind: str) -> None:
    assert shown_type(kind) is None
    assert not is_playable(kind)


def test_a_download_has_the_last_part_of_its_key_as_name(shop: httpx2.Client) -> None:
    key = "r\u00e4tsel & <b>?.txt"
    answer = shop.get("/objects", params={"bucket": "media", "key": key, "download": "1"})
    kind, _, name = answer.headers["content-disposition"].partition("; filename*=UTF-8''")
    assert kind == "attachment"
    assert unquote(name) == key
    assert answer.headers["content-type"] == "application/octet-stream"


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, len(FILM) - 1), st.one_of(st.none(), st.integers(0, 2 * len(FILM))))
def test_ranges_are_pieces(shop: httpx2.Client, first: int, length: int | None) -> None:
    last = "" if length is None else str(first + length)
    answer = get(shop, "film.mp4", range=f"bytes={first}-{last}")
    assert answer.status_code == 206
    end = len(FILM) if length is None else min(first + length + 1, len(FILM))
    assert answer.content == FILM[first:end]
    assert answer.headers["content-range"] == f"bytes {first}-{end - 1}/{len(FILM)}"


def test_the_end_of_an_object_can_be_asked_for(shop: httpx2.Client) -> None:
    assert get(shop, "film.mp4", range="bytes=-100").content == FILM[-100:]


def test_a_range_behind_the_end_is_refused(shop: httpx2.Client) -> None:
    answer = get(shop, "film.mp4", range=f"bytes={len(FILM)}-")
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(FILM)}"


def test_conditions_hold(shop: httpx2.Client) -> None:
    etag = get(shop, "film.mp4").headers["etag"]
    same = get(shop, "film.mp4", **{"if-none-match": etag})
    assert (same.status_code, same.content) == (304, b"")
    assert get(shop, "film.mp4", **{"if-match": '"other"'}).status_code == 412
    stale = get(shop, "film.mp4", **{"range": "bytes=0-9", "if-range": '"other"'})
    assert (stale.status_code, len(stale.content)) == (200, len(FILM))
    fresh = get(shop, "film.mp4", **{"range": "bytes=0-9", "if-range": etag})
    assert (fresh.status_code, fresh.content) == (206, FILM[:10])


def test_head_has_no_content(shop: httpx2.Client) -> None:
    answer = shop.head("/objects", params={"bucket": "media", "key": "film.mp4"})
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(FILM))
    assert answer.content == b""


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"bucket": "media"}, 400),
        ({"bucket": "media", "key": "nothing"}, 404),
        ({"bucket": "nothing", "key": "x"}, 404),
        ({"bucket": ".uploads", "key": "x"}, 404),
        ({"bucket": "..", "key": "../../token"}, 404),
    ],
)
def test_what_is_not_there_is_a_sentence(
    shop: httpx2.Client, params: dict[str, str], status: int
) -> None:
    answer = shop.get("/objects", params=params)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_a_stranger_gets_nothing(stocked_console: RunningConsole) -> None:
    with stocked_console.client(signed_in=False) as stranger:
        assert get(stranger, "film.mp4").status_code == 401


def test_a_listener_that_goes_half_way_costs_nothing(shop: httpx2.Client) -> None:
    for _ in range(40):  # more than may be read at once
        params = {"bucket": "media", "key": "film.mp4"}
        with shop.stream("GET", "/objects", params=params) as answer:
            next(answer.iter_raw(1000))
    assert get(shop, "film.mp4").content == FILM
