"""The API of the parts answers as its description says, whether they run or not."""

import json
from pathlib import Path

import httpx2
import msgspec
import pytest

from riostat.console.parts.api import Buckets, LastBench
from riostat.console.parts.shelf import ObjectPage
from riostat.console.parts.storestate import StoreView
from riostat.console.parts.switchstate import SwitchView
from tests.console.parts.conftest import Stocked
from tests.console.parts.standing import (
    port,
    said_store,
    said_switch,
    server_status,
    switch_status,
)
from tests.console.serving import new_console


def test_parts_that_do_not_run_are_absent(tmp_path: Path) -> None:
    with new_console(tmp_path) as console, console.client() as client:
        switch = msgspec.json.decode(client.get("/api/switch").content, type=SwitchView)
        store = msgspec.json.decode(client.get("/api/store").content, type=StoreView)
        assert (switch.state, store.state) == ("absent", "absent")
        bench = msgspec.json.decode(client.get("/api/switch/bench").content, type=LastBench)
        assert bench.bench is None
        answer = client.get("/api/store/buckets")
        assert answer.status_code == 503
        assert answer.json()["error"].startswith("There is no store in ")
        assert "riostat store init" in client.get("/store").text


@pytest.mark.parametrize("name", ["switch", "store"])
def test_a_part_that_comes_and_goes_is_followed(
    shop: httpx2.Client, stocked: Stocked, name: str
) -> None:
    with shop.stream("GET", f"/api/{name}/live") as answer:
        lines = (line for line in answer.iter_lines() if line.startswith("data: "))

        def wait_for(state: str) -> None:
            while json.loads(next(lines).removeprefix("data: "))["state"] != state:
                pass

        wait_for("absent")
        with (
            said_switch(stocked.data, lambda: switch_status(port("a"))),
            said_store(stocked.data / "store", server_status()),
        ):
            wait_for("running")
        wait_for("absent")


def test_objects_are_listed(shop: httpx2.Client) -> None:
    buckets = msgspec.json.decode(shop.get("/api/store/buckets").content, type=Buckets)
    assert [bucket.name for bucket in buckets.buckets] == ["media", "spare"]
    answer = shop.get("/api/store/objects", params={"bucket": "media", "limit": "3"})
    page = msgspec.json.decode(answer.content, type=ObjectPage)
    assert len(page.objects) + len(page.prefixes) == 3
    assert page.next_after is not None


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"bucket": ".uploads"}, 400),
        ({"bucket": "nothing"}, 404),
        ({"bucket": "media", "limit": "0"}, 400),
        ({"bucket": "media", "limit": "many"}, 400),
    ],
)
def test_what_cannot_be_listed_is_a_sentence(
    shop: httpx2.Client, params: dict[str, str], status: int
) -> None:
    answer = shop.get("/api/store/objects", params=params)
    assert answer.status_code == status
    assert answer.json()["error"].endswith(".")


def test_parts_are_described(shop: httpx2.Client) -> None:
    paths = shop.get("/api").json()["paths"]
    for path in ("/api/switch", "/api/store/live", "/api/store/objects", "/objects", "/switch"):
        assert path in paths
    schema = paths["/api/switch"]["get"]["responses"]["200"]["content"]["application/json"]
    assert schema["schema"]["$ref"].endswith("SwitchView")
