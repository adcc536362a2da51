"""The live profile follows the rolling run: whom it hit, where, and how busy the machine is."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import msgspec
import pytest

from riostat.console.live.feed import LiveFeed
from riostat.console.live.service import Live
from riostat.console.live.state import LiveState
from riostat.console.live.tail import Hit, SegmentTail
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.domain import Domain, DomainKind
from riostat.core.run import Run
from tests.console.serving import new_console, rolling_recorder

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to sample every process")

SECOND_NS = 1_000_000_000
WEB = Domain("web", DomainKind.CONTAINER)
MAPS = b"400000-500000 r-xp 00001000 08:01 77 /bin/a\n500000-600000 r-xp 00000000 00:00 0 \n"


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path / "data")
    directory.make()
    return directory


@contextmanager
def burning() -> Iterator[int]:
    """A process named burn-here that computes hashes."""
    program = (
        "import ctypes, hashlib\n"
        "ctypes.CDLL(None).prctl(15, b'burn-here')\n"
        "while True: hashlib.sha256(bytes(1 << 16)).digest()"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def states(client: httpx2.Client) -> Iterator[LiveState]:
    with client.stream("GET", "/api/live") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield msgspec.json.decode(line.removeprefix("data: "), type=LiveState)


@needs_root
def test_a_burning_process_comes_up_within_the_window(data: DataDirectory) -> None:
    with (
        burning() as pid,
        rolling_recorder(data.root),
        new_console(data.root) as console,
        console.client() as client,
    ):
        for state in states(client):
            found = [process for process in state.processes if process.pid == pid]
            if found and found[0].samples > 100 and state.idle is not None:
                break
        assert state.state == "recording"
        assert state.event in {"cycles", "cpu-clock"}
        assert state.frequency_hz == 99
        assert found[0].process == "burn-here"
        assert found[0].domain in {domain.name for domain in state.domains}
        assert sum(domain.share for domain in state.domains) == pytest.approx(1, abs=1e-3)
        assert 0 < state.busy <= 1
        assert state.idle == pytest.approx(1 - state.busy, abs=1e-4)
        assert [s for s in state.symbols if s.process == "burn-here" and "crypto" in s.module]
        assert state.recorder is not None
        assert state.recorder.memory_bytes > 1 << 20
        assert state.slots["host"] == 0
        now = msgspec.json.decode(client.get("/api/now").content, type=LiveState)
        assert now.history
        assert "burn-here" in client.get("/").text
        figures = client.get("/metrics").text
        assert "riostat_recording 1\n" in figures
        assert 'riostat_domain_cpu_ratio{domain="host",kind="host"}' in figures


@needs_root
def test_a_recorder_that_ends_is_told_and_a_new_one_is_found(data: DataDirectory) -> None:
    feed = LiveFeed(data, SYSTEM_CLOCK)
    assert feed.step().state == "absent"
    with rolling_recorder(data.root):
        first = until(feed, "recording")
    stopped = until(feed, "stopped")
    assert (stopped.run, stopped.processes) == (first.run, [])
    assert stopped.reason is not None
    with rolling_recorder(data.root):
        assert until(feed, "recording").run not in {None, first.run}


def until(feed: LiveFeed, wanted: str) -> LiveState:
    while (state := feed.step()).state != wanted:
        pass
    return state


@needs_root
def test_segments_follow_one_another(data: DataDirectory) -> None:
    """With little to keep a segment lasts ten seconds: samples come from both sides of its end."""
    feed = LiveFeed(data, SYSTEM_CLOCK)
    with burning() as pid, rolling_recorder(data.root, keep_seconds=60):
        run = None
        names: set[str] = set()
        while len(names) < 2:
            state = feed.step()
            run = run or state.run
            if run is not None:
                names |= {path.name for path in Run.open(data.runs / run).files()}
        while True:
            state = until(feed, "recording")
            of_burner = [p for p in state.processes if p.pid == pid]
            if of_burner and of_burner[0].process == "burn-here":
                break
    assert state.samples_total > 0


def test_listeners_are_told_what_they_missed_and_are_bounded(data: DataDirectory) -> None:
    with new_console(data.root) as console, console.client() as client:
        with client.stream("GET", "/api/live") as first:
            lines = first.iter_lines()
            while not next(lines).startswith("data: "):
                pass
            assert client.get("/metrics").text.count("riostat_live_listeners 1\n") == 1
        while "riostat_live_listeners 0\n" not in client.get("/metrics").text:
            pass
        refused = crowd(console.client())
        assert refused["error"].startswith("32 pages listen")


def crowd(client: httpx2.Client) -> dict[str, str]:
    """Listen until no more can."""
    limits = httpx2.Limits(max_connections=100)
    with httpx2.Client(
        base_url=client.base_url, headers=client.headers, limits=limits, trust_env=False
    ) as many:
        open_streams, readers = [], []
        try:
            while True:
                answer = many.send(many.build_request("GET", "/api/live"), stream=True)
                open_streams.append(answer)
                if answer.status_code != 200:
                    answer.read()
                    found: dict[str, str] = json.loads(answer.content)
                    return found
                readers.append(answer.iter_bytes())
                next(readers[-1])
        finally:
            for answer in open_streams:
                answer.close()


def test_the_feed_is_started_again_when_it_dies(data: DataDirectory) -> None:
    with new_console(data.root) as console, console.client() as client:
        seen = states(client)
        next(seen)
        (feed,) = console.children()
        os.kill(feed, 9)
        while not (again := set(console.children()) - {feed}):
            pass
        assert len(again) == 1
        assert next(s for s in seen if s.reason).reason is not None
        assert next(s for s in seen if s.state == "absent").reason is None


@needs_root
def test_a_feed_that_has_grown_is_followed_by_another(data: DataDirectory) -> None:
    """It ends with status 0, and the window is there again at once."""
    service = Live(data, lambda: None, lambda _: [], feed_bytes=1, feed_seconds=3.0)
    pids: set[int | None] = set()

    async def listen() -> list[LiveState]:
        seen: list[LiveState] = []
        service.start()
        async with service.listen() as states:
            async for text in states:
                seen.append(msgspec.json.decode(text, type=LiveState))
                if seen[-1].samples > 20:
                    pids.add(service.feed_pid)
                if len(pids) > 1:
                    break
        await service.close()
        return seen

    with burning(), rolling_recorder(data.root):
        seen = asyncio.run(listen())
    assert service.restarts == 0
    assert not [state for state in seen if state.state == "stopped"]


@needs_root
def test_a_segment_is_read_once(data: DataDirectory) -> None:
    with burning(), rolling_recorder(data.root):
        (run,) = data.runs.iterdir()
        while not (found := [*run.glob("rolling-*.frames")]):
            pass
        tail = SegmentTail(found[0], found[0].parent.name)
        seen: list[Hit] = []
        while len(seen) < 100:
            seen += tail.read(0)
    assert len({(sample.time_ns, sample.pid) for sample in seen}) >= len(seen) - 5
    assert tail.description is not None
    seen += tail.read(0)
    assert tail.ended
    assert tail.read(0) == []
