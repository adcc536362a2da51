"""What other processes read of a server."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.errors import StoreError, StoreFormatError
from riostat.store.serverstatus import holding, read_status
from tests.store.serving import made_store, serving


def test_it_is_there_while_the_server_is(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    assert read_status(root) is None
    with serving(root) as served:
        status = read_status(root)
        assert status is not None
        assert (status.address, status.pid) == (served.address, served.process.pid)
        assert [disk.name for disk in status.disks] == ["disk0", "disk1", "disk2"]
        assert all(disk.state == "ready" for disk in status.disks)
        assert status.started_ns <= status.time_ns
        with contextlib.closing(served.client()) as client:
            client.list_buckets()
        while (status := read_status(root)) is None or status.requests == 0:
            os.sched_yield()  # written once a second
    assert read_status(root) is None


def test_a_server_that_was_killed_says_nothing(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    with serving(root) as served:
        served.process.kill()
        served.process.wait()
        assert read_status(root) is None


def test_one_process_serves(tmp_path: Path) -> None:
    with holding(tmp_path):
        assert read_status(tmp_path) is None  # nothing is written yet
        with pytest.raises(StoreError, match="served already"), holding(tmp_path):
            pass
        (tmp_path / "server.json").write_text('{"pid": "x"}')
        with pytest.raises(StoreFormatError):
            read_status(tmp_path)


def test_reading_it_is_light() -> None:
    heavy = {"numpy", "blake3", "uvicorn", "starlette"}
    program = f"import riostat.store.serverstatus, sys; print({heavy} & {{*sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout == "set()\n"
