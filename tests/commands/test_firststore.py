"""The store of `riostat up`: made once, finished when interrupted, and then left alone."""

import io
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

from riostat.commands.firststore import BUCKET, CLIP, DISK_BYTES, make_store
from riostat.core.errors import RiostatError
from riostat.store.store import Store


def clip(root: Path) -> bytes:
    with Store.open(root) as store:
        return b"".join(store.read(store.stat(BUCKET, CLIP)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "store"
    make_store(root)
    return root


def test_it_has_unequal_disks_and_a_clip_that_plays(made: Path) -> None:
    with Store.open(made) as store:
        disks = store.status().disks
        assert store.stat(BUCKET, CLIP).content_type == "video/mp4"
    assert len({disk.capacity_bytes for disk in disks}) == len(DISK_BYTES)
    with av.open(io.BytesIO(clip(made))) as container:
        assert container.streams.video
        assert container.streams.audio


def test_a_store_that_is_there_is_left_alone(tmp_path: Path) -> None:
    make_store(tmp_path)
    with Store.open(tmp_path) as store:
        uuid = store.uuid
        store.delete(BUCKET, CLIP)
    make_store(tmp_path)
    with Store.open(tmp_path) as store:
        assert store.uuid == uuid
        assert store.list(BUCKET).objects == ()


def test_a_making_that_was_killed_is_finished(tmp_path: Path) -> None:
    root = tmp_path / "store"
    command = [sys.executable, "-m", "riostat.commands.firststore", str(root), "--version"]
    for mark in (root / ".unfinished", root / "store.json"):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while not mark.exists():
                time.sleep(0.001)
            process.send_signal(signal.SIGKILL)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("riostat, version"), "it becomes what serves the store"
    assert len(clip(root)) > 100_000
    assert not (root / ".unfinished").exists()


def test_a_place_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(RiostatError, match="cannot be made"):
        make_store(tmp_path / "store")
