"""The server as a process: how it begins, ends, and what it leaves in a run."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx2
import pytest

from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from tests.store.serving import made_store, serving

BLOCK = 1 << 16


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_and_finishes_what_it_has_begun(
    tmp_path: Path, number: signal.Signals
) -> None:
    root = made_store(tmp_path)
    data = bytes(range(256)) * (64 << 10)
    with serving(root, "--public-read=films") as served:
        with contextlib.closing(served.client()) as client:
            client.create_bucket(Bucket="films")
            client.put_object(Bucket="films", Key="k", Body=data)
        with httpx2.stream(
            "GET", f"{served.address}/films/k", trust_env=False, timeout=60
        ) as answer:
            pieces = answer.iter_bytes(BLOCK)
            first = next(pieces)
            ended = threading.Thread(target=served.end, args=(number,))
            ended.start()
            assert first + b"".join(pieces) == data
            ended.join()
        assert served.process.returncode == 0
    assert served.errors.read_text() == "The store is no longer served.\n"
    assert not (root / "server.json").exists()


def test_an_upload_that_is_cut_off_by_the_end_leaves_nothing(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    with serving(root) as served:
        with contextlib.closing(served.client()) as client:
            client.create_bucket(Bucket="films")
        url = served.url("put_object", "films", "k").removeprefix(served.address)
        head = (
            f"PUT {url} HTTP/1.1\r\nhost: {served.address[7:]}\r\ncontent-length: 9000000\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", served.port)) as half:
            half.sendall(head.encode() + bytes(3 << 20))
            half.shutdown(socket.SHUT_WR)
            assert b" 400 " in half.recv(100) or not half.recv(1)
    with serving(root) as again, contextlib.closing(again.client()) as client:
        assert "Contents" not in client.list_objects_v2(Bucket="films")


def run_of(root: Path) -> Run:
    (path,) = RunDirectory(root.parent / "data" / "runs").paths()
    return Run.open(path)


def test_its_counters_stand_in_a_run(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    with serving(root) as served, contextlib.closing(served.client()) as client:
        client.create_bucket(Bucket="films")
        client.put_object(Bucket="films", Key="k", Body=bytes(3 << 20))
        with contextlib.closing(client.get_object(Bucket="films", Key="k")["Body"]) as body:
            assert len(body.read()) == 3 << 20
    run = run_of(root)
    state = run.state()
    assert state.complete
    kinds = {channel.name: (channel.kind, channel.unit) for channel in state.channels}
    expected = {"store": ("event", ""), "store.delay": ("histogram", "ns")}
    expected |= {f"store.disk{n}.bytes": ("series", "bytes") for n in range(3)}
    expected |= {f"store.disk{n}.busy": ("series", "ns") for n in range(3)}
    expected |= {"store.blocks": ("series", "blocks")}
    assert kinds == expected


def test_a_run_can_be_given(tmp_path: Path) -> None:
    from riostat.core.clock import SYSTEM_CLOCK

    root = made_store(tmp_path)
    _, path = RunDirectory(tmp_path).create(command=("test",), clock=SYSTEM_CLOCK, name="given")
    with serving(root, f"--run={path}"):
        pass
    assert "store.blocks" in {channel.name for channel in Run.open(path).state().channels}
    assert RunDirectory(tmp_path / "data" / "runs").paths() == []


def refusal(root: Path, *flags: str) -> str:
    command = [sys.executable, "-m", "riostat", "store", "serve", f"--store={root}"]
    done = subprocess.run(
        [*command, f"--data={root.parent / 'data'}", *flags],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_what_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    root = made_store(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in refusal(root, f"--port={port}")
    with serving(root):
        assert "is served already" in refusal(root, "--port=0")
    (root / "credentials").chmod(0o644)
    assert "can be read by another user" in refusal(root, "--port=0")
    refusal(tmp_path / "nowhere", "--port=0")
