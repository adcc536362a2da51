"""The film of the store: always the same bytes, which ffprobe reads."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from riostat.store.clip import HEIGHT, RATE, WIDTH, make_clip


def test_it_is_the_same_each_time_and_begins_with_its_index(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_clip(tmp_path / name, seconds=1)
    data = (tmp_path / "a").read_bytes()
    assert data == (tmp_path / "b").read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


def test_ffprobe_finds_moving_picture_and_sound(tmp_path: Path) -> None:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is missing; install ffmpeg")
    path = tmp_path / "clip.mp4"
    make_clip(path, seconds=2)
    show = "stream=codec_name,width,height,nb_read_frames,duration"
    probe = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries", show, "-of", "json", path],
        capture_output=True,
        check=True,
    )
    picture, sound = json.loads(probe.stdout)["streams"]
    assert (picture["codec_name"], picture["width"], picture["height"]) == ("h264", WIDTH, HEIGHT)
    assert int(picture["nb_read_frames"]) == 2 * RATE
    assert sound["codec_name"] == "aac"
    assert float(sound["duration"]) == pytest.approx(2, abs=0.05)
