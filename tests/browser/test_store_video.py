"""Chromium's video element plays and seeks in an object by a presigned address."""

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from riostat.store.clip import HEIGHT, WIDTH, make_clip
from tests.browser.chromium import Browser
from tests.store.serving import made_store, serving

pytestmark = pytest.mark.browser

SECONDS = 8
PAGE = """<!doctype html><meta charset="utf-8"><title>film</title>
<video muted crossorigin="anonymous" preload="metadata" src="{}"></video>
<canvas width="8" height="8"></canvas>"""
BRIGHTNESS = """
const canvas = document.querySelector("canvas").getContext("2d");
canvas.drawImage(document.querySelector("video"), 0, 0, 8, 8);
return Array.from(canvas.getImageData(0, 0, 8, 8).data).reduce((sum, value) => sum + value, 0);
"""


@pytest.fixture
def film(tmp_path: Path) -> Iterator[str]:
    """The presigned address of the clip in a store that is served."""
    make_clip(tmp_path / "clip.mp4", seconds=SECONDS)
    with serving(made_store(tmp_path)) as served:
        with contextlib.closing(served.client()) as client:
            client.create_bucket(Bucket="films")
            extra = {"ContentType": "video/mp4"}
            client.upload_file(str(tmp_path / "clip.mp4"), "films", "clip.mp4", ExtraArgs=extra)
        yield served.url("get_object", "films", "clip.mp4")


@pytest.fixture
def window(_chromium: Browser) -> Browser:
    """A window that no console has signed in to."""
    return _chromium


def test_it_plays_and_seeks(window: Browser, film: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(PAGE.format(film.replace("&", "&amp;")))
    window.driver.get(page.as_uri())

    def video(what: str) -> Any:
        return window.script(f"return document.querySelector('video').{what}")

    window.until(lambda: video("readyState >= 1"), "no metadata")
    assert (video("videoWidth"), video("videoHeight")) == (WIDTH, HEIGHT)
    assert video("duration") == pytest.approx(SECONDS, abs=0.1)
    window.script("document.querySelector('video').play()")
    window.until(lambda: video("currentTime > 0.3"), "it does not play")
    for time_s in (SECONDS - 1.5, 2.0):
        window.script("document.querySelector('video').currentTime = arguments[0]", time_s)
        window.until(lambda: video("seeking === false"), "it does not seek")
        window.until(partial(video, f"currentTime > {time_s}"), "it does not go on")
        assert video("currentTime") < time_s + 1.4
    # The answer lets the page of another origin look at the picture.
    assert int(str(window.script(BRIGHTNESS))) > 8 * 8 * 255
    assert video("error") is None
