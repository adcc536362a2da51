"""The pages' files stand under addresses that never change their answer."""

import re
from pathlib import Path

import httpx2
import pytest

from riostat.console.static import StaticTree


def version(client: httpx2.Client) -> str:
    found = re.search(r"/static/(\w+)/", client.get("/").text)
    assert found is not None
    return found[1]


def test_files_are_kept_for_a_year_under_their_version(client: httpx2.Client) -> None:
    answer = client.get(f"/static/{version(client)}/signin.css")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "0/signin.css",
        "VERSION/nothing.css",
        "VERSION/",
        "VERSION/../templates/base.html",
        "VERSION/..%2f..%2fapp.py",
        "VERSION/%2e%2e/%2e%2e/app.py",
        "VERSION//etc/passwd",
        "VERSION/js",
        "VERSION/%00",
    ],
)
def test_nothing_else_is_served(client: httpx2.Client, path: str) -> None:
    answer = client.get(f"/static/{path.replace('VERSION', version(client))}")
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["cache-control"]


def test_the_viewer_may_style_itself_and_be_framed_by_us(client: httpx2.Client) -> None:
    viewer = re.findall(r"/static/\w+/vendor/speedscope-[\d.]+/index.html", _run_page(client))
    policy = client.get(viewer[0]).headers["content-security-policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src 'self' 'wasm-unsafe-eval'" in policy


def _run_page(client: httpx2.Client) -> str:
    run = next(run for run in client.get("/api/runs").json()["runs"] if run["complete"])
    return client.get(run["href"]).text


def test_the_version_follows_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a {}")
    first = StaticTree(tmp_path)
    assert first.url("a.css") == f"/static/{first.version}/a.css"
    assert first.text("a.css") == "a {}"
    assert first.text("b.css") == ""
    assert StaticTree(tmp_path).version == first.version
    (tmp_path / "a.css").write_text("b {}")
    assert StaticTree(tmp_path).version != first.version
