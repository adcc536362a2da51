"""A real console with real recordings, and headless Chromium that looks at it."""

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Browser, started_driver
from tests.browser.served import ServedConsole, container_cgroups, ingested, recorded_scene

_READY_S = 60
_STOP_S = 30


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots",
        action="store_true",
        help="write docs/screenshots, as `make docs` does (name tests/browser on the command line)",
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    asked = config.getoption("--screenshots", default=False)
    return True if collection_path.name == "test_screenshots.py" and not asked else None


@pytest.fixture(scope="session")
def console(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest, kernels_cache: Path
) -> Iterator[ServedConsole]:
    """`riostat up` over a data directory with two recordings, the second with more work in it.

    Its library has riostat's own notes. Its switch finds the compiled kernels of all tests, or
    compiles them while others look at pages.
    """
    data = tmp_path_factory.mktemp("console")
    (data / "cache").mkdir()
    kernels_cache.mkdir(exist_ok=True)
    (data / "cache" / "kernels").symlink_to(kernels_cache)
    seconds = 6.0 if request.config.getoption("--screenshots", default=False) else 2.0
    with container_cgroups() as cgroups:
        recorded_scene(data, "quiet", seconds, cgroups=cgroups)
        recorded_scene(data, "busy", seconds, "archive", cgroups=cgroups)
    ingested(data)
    with _up(data) as url:
        yield ServedConsole(url=url, runs=("quiet", "busy"), store=data / "store")


@contextlib.contextmanager
def _up(data: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "riostat", "up", f"--data={data}", f"--port={port}"]
    command.append("--store-port=0")
    errors = data.parent / f"{data.name}.log"
    with (
        errors.open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            readable, _, _ = select.select([process.stdout], [], [], _READY_S)
            line = process.stdout.readline() if readable else ""
            address = re.search(r"http://\S+", line)
            assert address is not None, f"{line!r} {errors.read_text()}"
            yield address.group()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(_STOP_S)


@pytest.fixture(scope="session")
def _chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium and chromedriver are missing; install the packages of these names")
    os.environ["SE_OFFLINE"] = "true"
    with started_driver(chromium, driver, tmp_path_factory.mktemp("chromium")) as started:
        yield Browser(started)


@pytest.fixture
def browser(_chromium: Browser, console: ServedConsole) -> Iterator[Browser]:
    """A browser that is signed in, at desktop size, in the light theme; it may log no error."""
    _chromium.sign_in(console.url)
    yield _chromium
    assert _chromium.errors() == []
