"""What every test shares: hypothesis profiles, and a run in which nothing may be skipped."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["riostat.testbed.fixtures"]

settings.register_profile("short", deadline=None, print_blob=True)
settings.register_profile("soak", settings.get_profile("short"), max_examples=20_000)
settings.load_profile("short")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--forbid-skips", action="store_true", help="fail when a test is skipped, as CI does"
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if (
        reporter is not None
        and session.config.getoption("--forbid-skips")
        and reporter.stats.get("skipped")
        and session.exitstatus == pytest.ExitCode.OK
    ):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def kernels_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of compiled loops that all processes of a test session share."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    return folder / "kernels-of-this-session"
