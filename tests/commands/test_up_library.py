"""riostat up and the library: filled by a child at the start, once; its failure ends nothing."""

import time
from collections.abc import Callable
from pathlib import Path

from riostat.core.datadir import DataDirectory
from tests.commands.test_up import Up, up


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def glance(running: Up) -> dict[str, str]:
    parts = running.get("/api/now").json()["parts"]
    found: dict[str, str] = next(part for part in parts if part["name"] == "library")
    return found


def test_the_library_is_filled_and_filled_once(tmp_path: Path) -> None:
    with up(tmp_path) as running:
        until(lambda: glance(running)["state"] == "ready")
        figure = glance(running)["figure"]
        until(lambda: running.get("/library?q=profile").text.count("<blockquote>") > 0)
        page = running.get("/library").text
        assert "Xen virtual machine environment" in page
        assert running.end() == "riostat has ended.\n"
    with up(tmp_path) as running:
        until(lambda: glance(running)["state"] == "ready")
        assert glance(running)["figure"] == figure
        assert running.get("/library").text == page


def test_a_library_that_cannot_be_filled_is_a_sentence(tmp_path: Path) -> None:
    DataDirectory(tmp_path).citations.write_text("in the way")
    with up(tmp_path) as running:
        until(lambda: glance(running)["state"] == "failed")
        note = glance(running)["note"]
        assert "cannot be used" in note
        page = running.get("/library")
        assert page.status_code == 200
        assert "cannot be used" in page.text
        assert running.get("/").status_code == 200
        assert running.end() == "riostat has ended.\n"
