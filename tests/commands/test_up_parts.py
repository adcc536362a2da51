"""riostat up with a switch and a store: both come up behind the console, and go with it."""

import contextlib
import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from riostat.commands.firststore import BUCKET, CLIP
from riostat.core.run import Run
from tests.commands.test_up import TOKEN, Up, children, rolling_runs

pytestmark = pytest.mark.timeout(300)

BOTH = ("--parts=switch,store", "--store-port=0")


@pytest.fixture
def data(tmp_path: Path, kernels_cache: Path) -> Path:
    """A data directory whose compiled kernels are those of all tests."""
    kernels_cache.mkdir(exist_ok=True)
    (tmp_path / "d" / "cache").mkdir(parents=True)
    (tmp_path / "d" / "cache" / "kernels").symlink_to(kernels_cache)
    return tmp_path / "d"


@contextlib.contextmanager
def up(data: Path, *flags: str) -> Iterator[Up]:
    running = Up(data, *flags)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end()


def family(pid: int) -> list[int]:
    found = [pid]
    for member in found:
        found += children(member)
    return found[1:]


def has_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody waited for yet has."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def follow(running: Up, part: str, is_enough: Callable[[dict[str, object]], bool]) -> None:
    """Wait until what is said of a part each second is enough."""
    with httpx2.stream(
        "GET",
        f"http://127.0.0.1:{running.port}/api/{part}/live",
        headers={"Authorization": f"Bearer {TOKEN}"},
        trust_env=False,
        timeout=200,
    ) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: ") and is_enough(json.loads(line.removeprefix("data: "))):
                return


def both_run(running: Up) -> None:
    follow(running, "store", lambda store: store["state"] == "running")
    follow(running, "switch", lambda switch: bool(switch["frames_per_second"]))


def test_both_run_beside_the_recorder_and_end_without_a_trace(data: Path) -> None:
    with up(data, *BOTH) as running:
        assert "riostat is up" in running.greeting
        both_run(running)
        switch = running.get("/api/switch").json()
        assert {port["role"] for port in switch["ports"]} == {"guest", "uplink"}
        clip = running.get(f"/objects?bucket={BUCKET}&key={CLIP}")
        assert clip.headers["content-type"] == "video/mp4"
        figures = running.get("/metrics").text
        assert re.search(
            r'^riostat_switch_tx_frames_total\{port="web"\} [1-9]', figures, re.MULTILINE
        )
        assert 'riostat_switch_grants_live{port="web"} ' in figures
        assert 'riostat_store_disk_state{disk="disk0",state="ready"} 1\n' in figures
        assert "riostat_store_objects 1\n" in figures
        pids = family(running.process.pid)
        assert len(pids) >= 5
        assert running.end(signal.SIGINT) == "riostat has ended.\n"
        assert running.process.returncode == 0
    assert all(map(has_gone, pids))
    (run,) = rolling_runs(data)
    names = {channel.name for channel in run.state().channels}
    assert {"profile", "store.disk0.bytes", "switch.web.rx.frames"} <= names
    assert run.state().complete

    with up(data, *BOTH) as running:
        follow(running, "store", lambda store: store["objects"] == 1)
        assert running.get(f"/objects?bucket={BUCKET}&key={CLIP}").content == clip.content


def test_a_killed_console_leaves_nothing(data: Path) -> None:
    with up(data, *BOTH) as running:
        both_run(running)
        pids = family(running.process.pid)
        running.end(signal.SIGKILL)
    until(lambda: all(map(has_gone, pids)))


def test_a_part_that_is_killed_comes_again(data: Path) -> None:
    def restarted(store: dict[str, object]) -> bool:
        return store["state"] == "running" and store["address"] != before

    with up(data, "--parts=store", "--store-port=0") as running:
        follow(running, "store", lambda store: store["state"] == "running")
        before = running.get("/api/store").json()["address"]
        status = json.loads((data / "store" / "server.json").read_text())
        os.kill(status["pid"], signal.SIGKILL)
        follow(running, "store", restarted)
        assert running.get("/healthz").status_code == 200


def test_a_busy_store_port_is_one_sentence_and_the_rest_goes_on(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with up(data, "--parts=store", f"--store-port={port}") as running:
            follow(running, "store", lambda store: store["state"] == "failed")
            parts = {part["name"]: part for part in running.get("/api/now").json()["parts"]}
            assert running.get("/").status_code == 200
    assert f"127.0.0.1:{port} (Address already in use)" in parts["store"]["note"]
    assert "--store-port" in parts["store"]["note"]
    (run,) = rolling_runs(data)
    assert isinstance(run, Run)
