"""Recordings from the page: one at a time, told as they go, and whole when the console ends."""

import contextlib
import json
import os
import signal
from pathlib import Path

import httpx2
import pytest

from riostat.core.datadir import DataDirectory
from riostat.core.run import Run
from tests.console.serving import RunningConsole, new_console


def start(client: httpx2.Client, **body: object) -> httpx2.Response:
    return client.post("/api/record", json=body)


def followed(client: httpx2.Client, href: str) -> list[dict[str, object]]:
    with client.stream("GET", f"/api{href}/events") as events:
        lines = [line for line in events.iter_lines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def recorded_files(runs: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError):  # a run gets its name when it is whole
        return [*runs.glob("*/record-*.frames")]
    return []


def test_a_recording_is_followed_to_its_run(console: RunningConsole) -> None:
    with console.client() as client:
        answer = start(client, seconds=1.5, frequency_hz=199, event="cpu-clock")
        assert answer.status_code == 202
        first = answer.json()
        assert (first["state"], first["run"], first["event"]) == ("running", None, "cpu-clock")
        states = followed(client, first["href"])
        fractions = [float(str(state["fraction"])) for state in states]
        assert fractions == sorted(fractions)
        last = states[-1]
        assert (last["state"], last["fraction"], last["problem"]) == ("done", 1.0, None)
        assert client.get(f"/api{first['href']}").json() == last
        detail = client.get(f"/api/runs/{last['run']}").json()
        assert detail["complete"]
        assert detail["seconds"] == pytest.approx(1.5, abs=1.0)


def test_a_second_recording_waits_for_the_first(console: RunningConsole) -> None:
    with console.client() as client:
        first = start(client, seconds=1, frequency_hz=99).json()
        second = start(client, seconds=1, frequency_hz=99)
        assert second.status_code == 409
        assert second.json()["error"].endswith("wait for its end.")
        assert followed(client, first["href"])[-1]["state"] == "done"
        third = start(client, seconds=1, frequency_hz=99)
        assert third.status_code == 202
        followed(client, third.json()["href"])


def test_a_recording_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    DataDirectory(tmp_path / "data").make()
    with new_console(tmp_path / "data") as console, console.client() as client:
        runs = tmp_path / "data" / "runs"
        runs.rmdir()
        runs.write_text("no directory")
        last = followed(client, start(client, seconds=1).json()["href"])[-1]
        assert last["state"] == "failed"
        assert str(last["problem"]).endswith(".")
        page = client.get(str(last["href"]))
        assert page.status_code == 200
        assert 'http-equiv="refresh"' not in page.text


def test_an_event_that_this_machine_lacks_says_so(console: RunningConsole) -> None:
    with console.client() as client:
        first = start(client, seconds=1, event="dTLB-load-misses")
        assert first.status_code == 202
        last = followed(client, first.json()["href"])[-1]
        assert last["state"] in {"done", "failed"}
        assert (last["run"] is None) == (last["problem"] is not None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_run_is_whole_when_the_console_ends(tmp_path: Path, number: signal.Signals) -> None:
    data = DataDirectory(tmp_path / "data")
    data.make()
    with new_console(data.root) as console, console.client() as client:
        assert start(client, seconds=60, frequency_hz=99).status_code == 202
        while not (runs := recorded_files(data.runs)):
            pass
        recorder = int(runs[0].name.removesuffix(".frames").partition("-")[2])
        console.end(number)
        while Path(f"/proc/{recorder}/root").exists():
            os.sched_yield()
    (run,) = data.runs.iterdir()
    state = Run.open(run).state()
    assert state.complete
    assert state.damage == ()
