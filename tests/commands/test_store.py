"""riostat store put, get, ls, stat, rm, status, scrub, rebuild and init, as a user types them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from riostat.commands.store.opened import split_address
from riostat.core.errors import StoreNameError

Riostat = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def riostat(tmp_path: Path) -> Riostat:
    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "riostat", "store", *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env=os.environ | {"RIOSTAT_STORE": str(tmp_path / "films")},
        )

    return run


@pytest.fixture
def store(riostat: Riostat) -> Riostat:
    made = riostat(
        "init", "films", "--block", "64KiB", "--seed", "1",
        "--disk", "d1,capacity=4M,bandwidth=40MB/s", "--disk", "d2,capacity=8M",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return riostat


def answer(done: subprocess.CompletedProcess[bytes]) -> object:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sentence(done: subprocess.CompletedProcess[bytes], code: int = 1) -> str:
    assert done.returncode == code
    assert done.stdout == b""
    assert done.stderr.startswith(b"riostat: ")
    assert done.stderr.count(b"\n") == 1
    return done.stderr.decode()


def test_a_file_comes_back_as_it_went_in(store: Riostat, tmp_path: Path) -> None:
    data = os.urandom(300_000)
    (tmp_path / "a.bin").write_bytes(data)
    put = answer(store("put", "a.bin", "media/x/a.mp4", "--json"))
    assert isinstance(put, dict)
    assert (put["bucket"], put["key"], put["size"]) == ("media", "x/a.mp4", len(data))
    assert put["content_type"] == "video/mp4"
    assert answer(store("stat", "media/x/a.mp4", "--json")) == put
    assert b"300000 bytes in 5 blocks" in store("stat", "media/x/a.mp4").stdout
    assert store("get", "media/x/a.mp4", "b.bin").returncode == 0
    assert (tmp_path / "b.bin").read_bytes() == data
    assert store("get", "media/x/a.mp4", "-").stdout == data


def test_standard_input(store: Riostat) -> None:
    assert store("put", "-", "media/text", stdin=b"hello").returncode == 0
    assert store("get", "media/text", "-").stdout == b"hello"


def test_listings(store: Riostat) -> None:
    for key in ("media/a/1", "media/a/2", "media/b", "other/c"):
        assert store("put", "-", key, stdin=b"x").returncode == 0
    buckets = answer(store("ls", "--json"))
    assert isinstance(buckets, dict)
    assert [bucket["name"] for bucket in buckets["buckets"]] == ["media", "other"]
    page = answer(store("ls", "media", "--json"))
    assert isinstance(page, dict)
    assert page["prefixes"] == ["a/"]
    assert [listed["key"] for listed in page["objects"]] == ["b"]
    lines = store("ls", "media/a/", "--recursive").stdout.decode().splitlines()
    assert [line.split()[-1] for line in lines] == ["a/1", "a/2"]
    assert [line.split()[-1] for line in store("ls").stdout.decode().splitlines()] == [
        "media",
        "other",
    ]


def test_rm(store: Riostat) -> None:
    for key in ("media/a", "media/b"):
        store("put", "-", key, stdin=b"x")
    assert "is not empty" in sentence(store("rm", "media"))
    assert store("rm", "media/a", "media/b", "media").returncode == 0
    assert answer(store("ls", "--json")) == {"buckets": []}
    assert "There is no bucket" in sentence(store("rm", "media/a"))


def test_status_and_scrub(store: Riostat, tmp_path: Path) -> None:
    store("put", "-", "media/a", stdin=b"x" * 200_000)
    status = answer(store("status", "--json"))
    assert isinstance(status, dict)
    assert (status["objects"], status["object_bytes"]) == (1, 200_000)
    assert [disk["state"] for disk in status["disks"]] == ["ready", "ready"]
    assert b"d2 ready" in store("status").stdout
    whole = {"blocks": 12, "corrupt": 0, "repaired": 0, "lost": 0, "unreachable": 0, "copied": 0}
    assert answer(store("scrub", "--json")) == whole
    with (tmp_path / "d1" / "riostore.slots").open("r+b") as file:
        file.seek((1 << 20) + 4096)
        file.write(b"rot")
    assert answer(store("scrub", "--json")) == whole | {"corrupt": 1, "repaired": 1}
    assert b"12 copies of blocks verified: 0 corrupt" in store("scrub").stdout


def test_a_lost_block_is_an_exit_code(store: Riostat, tmp_path: Path) -> None:
    store("put", "-", "media/a", stdin=b"x" * 200_000)
    for disk in ("d1", "d2"):
        slots = tmp_path / disk / "riostore.slots"
        with slots.open("r+b") as file:
            file.seek(1 << 20)
            file.write(bytes(slots.stat().st_size - (1 << 20)))
    done = store("scrub", "--json")
    assert done.returncode == 1
    counts = json.loads(done.stdout)
    assert (counts["corrupt"], counts["lost"]) == (12, 5)
    assert "cannot be read from any of its 2 copies" in sentence(store("get", "media/a", "x"))
    assert not (tmp_path / "x").exists()


def test_rebuild(store: Riostat, tmp_path: Path) -> None:
    store("put", "-", "media/a", stdin=b"x" * 200_000)
    found = answer(store("rebuild", "--json"))
    assert isinstance(found, dict)
    assert (found["objects"], found["buckets"], found["missing_disks"]) == (1, 1, [])
    (tmp_path / "films" / "metadata.sqlite").unlink()
    done = store("get", "media/a", "-")
    assert done.stdout == b"x" * 200_000
    assert b"The metadata was made anew from the disks: 1 objects in 1 buckets" in done.stderr
    shutil.rmtree(tmp_path / "films")
    assert "There is no store in" in sentence(store("ls"))
    assert b"1 objects in 1 buckets" in store("rebuild", "--disk", "d1", "--disk", "d2").stdout
    assert store("get", "media/a", "-").stdout == b"x" * 200_000


def test_a_missing_disk_is_told(store: Riostat, tmp_path: Path) -> None:
    store("put", "-", "media/a", stdin=b"x" * 200_000)
    (tmp_path / "d1").rename(tmp_path / "away")
    done = store("get", "media/a", "-")
    assert done.stdout == b"x" * 200_000
    assert done.stderr.decode().startswith(f"riostat: The disk {tmp_path}/d1 cannot be opened")


def test_init_says_what_it_made(riostat: Riostat) -> None:
    made = answer(
        riostat("init", "s", "--disk", "x,capacity=3M", "--disk", "y,capacity=3M", "--json")
    )
    assert isinstance(made, dict)
    assert [disk["name"] for disk in made["disks"]] == ["x", "y"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["init", "s"], 2, "Missing option '--disk'"),
        (["init", "s", "--disk", "x,what=1"], 2, "which says nothing"),
        (["init", "s", "--disk", "x", "--block", "big"], 2, "is no size"),
        (["init", "s", "--disk", "x,capacity=3M"], 1, "One disk has no room for second copies"),
        (["put", "none", "a/b"], 1, "cannot be read"),
        (["get", "nothing", "-"], 1, "names no object"),
        (["stat", "media/none"], 1, "There is no"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    riostat: Riostat, arguments: list[str], code: int, words: str
) -> None:
    done = riostat(*arguments)
    assert done.returncode == code
    assert words in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_addresses() -> None:
    assert split_address("a/b/c") == ("a", "b/c")
    for wrong in ("", "a", "a/", "/b"):
        with pytest.raises(StoreNameError):
            split_address(wrong)
