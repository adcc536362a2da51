"""riostat store url."""

import contextlib
from pathlib import Path

import httpx2
import pytest

from riostat.commands.main import run
from tests.store.serving import made_store, serving


def test_the_address_reads_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = made_store(tmp_path)
    place = [f"--store={root}", f"--data={tmp_path / 'data'}"]
    with serving(root) as served:
        with contextlib.closing(served.client()) as client:
            client.create_bucket(Bucket="films")
        addresses = {}
        for method in ("PUT", "GET"):
            arguments = [
                "store",
                "url",
                "films/a b/100% \u00e9+?.mp4",
                f"--method={method}",
                *place,
            ]
            assert run(arguments) == 0
            addresses[method] = capsys.readouterr().out.strip()
        with httpx2.Client(trust_env=False) as http:
            assert http.put(addresses["PUT"], content=b"film").status_code == 200
            assert http.get(addresses["GET"]).content == b"film"
            assert http.put(addresses["GET"], content=b"film").status_code == 403
        with contextlib.closing(served.client()) as client:
            (item,) = client.list_objects_v2(Bucket="films")["Contents"]
        assert item["Key"] == "a b/100% \u00e9+?.mp4"
    assert run(["store", "url", "films/k", *place]) == 1
    assert "is not served" in capsys.readouterr().err
    assert run(["store", "url", "films", *place]) == 2
