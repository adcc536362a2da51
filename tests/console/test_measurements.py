"""Claims measured from the page: one at a time, and whole or not at all when the console ends."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from riostat.core.datadir import DataDirectory
from tests.console.serving import RunningConsole, new_console

CLAIM = "rio1997-replication"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningConsole]:
    """A console that no other test measures with."""
    with new_console(tmp_path) as console:
        yield console


def _measure(client: httpx2.Client, claim: str, extent: str = "quick") -> httpx2.Response:
    form = {"claim": claim, "extent": extent}
    return client.post("/claims", data=form, follow_redirects=False)


def _ended(client: httpx2.Client) -> dict[str, object]:
    """Wait for the end of the measurement, which nobody announces."""
    while True:
        now: dict[str, object] = client.get("/api/claims").json()
        if now["running"] is None:
            return now
        time.sleep(0.1)


def test_a_claim_is_measured_from_the_page_one_at_a_time(own: RunningConsole) -> None:
    with own.client() as client:
        assert _measure(client, CLAIM).status_code == 303
        running = client.get("/api/claims").json()["running"]
        assert (running["claim"], running["extent"]) == (CLAIM, "quick")
        assert 0 <= running["fraction"] <= 1
        assert "<progress" in client.get("/claims").text
        second = _measure(client, CLAIM)
        assert second.status_code == 409
        assert "wait for its end" in second.text
        now = _ended(client)
        assert now["problem"] is None
        page = client.get("/claims").text
    assert "of all</strong>; it holds if" in page
    assert 'class="claim-plot"' in page
    (run,) = DataDirectory(own.data).runs.iterdir()
    assert f'href="/runs/{run.name}"' in page


def test_what_cannot_be_measured_is_one_sentence(own: RunningConsole) -> None:
    with own.client() as client:
        for answer, status in (
            (_measure(client, "no-claim"), 404),
            (_measure(client, CLAIM, "forever"), 400),
        ):
            assert answer.status_code == status
        own_claims = DataDirectory(own.data).claims
        own_claims.write_text("in the way")
        assert _measure(client, CLAIM).status_code == 303
        problem = str(_ended(client)["problem"])
    assert problem.startswith(f"{CLAIM} came to no verdict: The verdict on {CLAIM} cannot be kept")


def test_a_console_that_ends_takes_the_measurement_with_it(tmp_path: Path) -> None:
    with new_console(tmp_path) as console, console.client() as client:
        assert _measure(client, CLAIM, "full").status_code == 303
        while not client.get("/api/claims").json()["running"]:
            time.sleep(0.05)
    runs = DataDirectory(console.data).runs
    assert not runs.exists() or [path.name for path in runs.iterdir()] == []
    assert not DataDirectory(console.data).claims.exists()
