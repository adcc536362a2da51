"""The pictures in docs/screenshots; collected only with ``--screenshots``."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from selenium.common.exceptions import TimeoutException

from riostat.store.serverstatus import read_status
from tests.browser.chromium import PHONE, Browser
from tests.browser.served import ServedConsole, container_cgroups

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

_HERE = Path(__file__).parent
_PICTURES = _HERE.parents[1] / "docs" / "screenshots"
_WINDOW = (1200, 900)
_LARGEST_BYTES = 200_000
_SCENE_S = 130
_LOOKED_S = 40
_SEEN_S = 100  # the live chart reaches back two minutes


@pytest.fixture(scope="module")
def busy_machine() -> Iterator[None]:
    """Two containers at work, for as long as the live chart reaches back."""
    with container_cgroups() as cgroups:
        scene = subprocess.Popen(
            ["python3", "scene.py", str(_SCENE_S), "archive"],
            cwd=_HERE,
            env=os.environ | {"SCENE_CGROUPS": cgroups},
        )
        time.sleep(_SEEN_S)
        yield
        scene.wait()


def _write(browser: Browser, name: str, height: int | None = None) -> None:
    _PICTURES.mkdir(exist_ok=True)
    path = _PICTURES / f"{name}.png"
    browser.picture(path, height)
    assert path.stat().st_size < _LARGEST_BYTES


@pytest.mark.usefixtures("busy_machine")
def test_overview(browser: Browser) -> None:
    for dark in (False, True):
        browser.look(_WINDOW, dark=dark)
        browser.open("/")
        browser.one("[data-rows=processes] tr th")
        _write(browser, "overview-dark" if dark else "overview", 1000)


def test_run(browser: Browser, console: ServedConsole) -> None:
    for dark in (False, True):
        browser.look(_WINDOW, dark=dark)
        browser.open(f"/runs/{console.runs[1]}?from=1.9&to=4.2")
        browser.one(".timeline .u-over")
        browser.one("svg.treemap [tabindex='0']")
        browser.one("svg.flame [tabindex='0']")
        _write(browser, "run-dark" if dark else "run", 1500)


def test_switch(browser: Browser) -> None:
    browser.open("/switch")
    for _ in range(5):
        with contextlib.suppress(TimeoutException):
            browser.one("[data-port]")
    time.sleep(_LOOKED_S)
    for dark in (False, True):
        browser.look(_WINDOW, dark=dark)
        browser.open("/switch")
        browser.one("[data-port]")
        _write(browser, "switch-dark" if dark else "switch", 1120)


def test_store(browser: Browser, console: ServedConsole) -> None:
    browser.open("/store")
    browser.one("[data-disk]")
    _read_much(console.store)
    for dark in (False, True):
        browser.look(_WINDOW, dark=dark)
        # a film's picture would make this one too large
        browser.open("/store?bucket=media&key=takes/0.bin&prefix=takes/")
        browser.one("[data-object]")
        _write(browser, "store-dark" if dark else "store", 1120)


def _read_much(root: Path) -> None:
    """Put objects into the store over its own port, and read them, so that there is work to see."""
    status = read_status(root)
    assert status is not None
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = str(root / "credentials")
    s3 = boto3.client("s3", endpoint_url=status.address, region_name="us-east-1")
    for number in range(4):
        s3.put_object(Bucket="media", Key=f"takes/{number}.bin", Body=os.urandom(12 << 20))
    end_s = time.monotonic() + _LOOKED_S
    while time.monotonic() < end_s:
        for number in range(4):
            s3.get_object(Bucket="media", Key=f"takes/{number}.bin")["Body"].read()
            time.sleep(0.5)


def test_phone(browser: Browser, console: ServedConsole) -> None:
    browser.look(PHONE)
    browser.open(f"/runs/{console.runs[1]}")
    browser.one(".timeline .u-over")
    browser.one("svg.treemap [tabindex='0']")
    _write(browser, "phone", 1560)


def test_diff(browser: Browser, console: ServedConsole) -> None:
    run = console.runs[1]
    browser.look(_WINDOW)
    browser.open(f"/diff?before={run}@0..2&after={run}@2..4&by=domain&by=symbol")
    browser.one(".data-diff")
    _write(browser, "diff", 900)


def test_work(browser: Browser) -> None:
    browser.look(_WINDOW)
    browser.open("/claims")
    browser.one("#rio1997-replication button[value=quick]").click()
    browser.one("#rio1997-replication .claim-plot")
    browser.open("/works/10.1145/262391.262398")
    browser.one("#measured .state-good")
    _write(browser, "work", 960)
