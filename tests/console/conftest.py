"""A data directory with runs, good and bad, and a console that shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from riostat.core.datadir import DataDirectory
from tests.console.serving import RunningConsole, burn_and_record, new_console


@dataclass(frozen=True)
class Recorded:
    """The runs in the data directory: two good ones, one cut short, one that is no run at all."""

    data: Path
    run: str
    two_events: str
    torn: str
    foreign: str


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    data = tmp_path_factory.mktemp("console")
    DataDirectory(data).make()
    run = burn_and_record(data, seconds=1.5)
    two_events = burn_and_record(data, seconds=1.0, events=("cpu-clock", "page-faults"))
    return Recorded(data, run, two_events, _torn(data, run), _foreign(data))


def _torn(data: Path, run: str) -> str:
    """A copy of a run whose file ends in the middle of a frame."""
    copy = data / "runs" / "torn"
    copy.mkdir()
    for file in (data / "runs" / run).iterdir():
        content = file.read_bytes()
        cut = len(content) * 2 // 3 if file.suffix == ".frames" else len(content)
        (copy / file.name).write_bytes(content[:cut])
    return copy.name


def _foreign(data: Path) -> str:
    directory = data / "runs" / "foreign"
    directory.mkdir()
    (directory / "manifest.json").write_text('{"format": 1, "id": "\\u0007"}')
    (directory / "x.frames").write_bytes(b"\x00" * 100)
    return directory.name


@pytest.fixture(scope="session")
def console(recorded: Recorded) -> Iterator[RunningConsole]:
    with new_console(recorded.data) as running:
        yield running


@pytest.fixture
def client(console: RunningConsole) -> Iterator[httpx2.Client]:
    with console.client() as opened:
        yield opened


@pytest.fixture
def stranger(console: RunningConsole) -> Iterator[httpx2.Client]:
    """A client that has no token."""
    with console.client(signed_in=False) as opened:
        yield opened
