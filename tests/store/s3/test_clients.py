"""Programs that people have: rclone, s3cmd, curl, ffprobe and ffmpeg, against the server."""

import contextlib
import json
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from riostat.store.clip import make_clip
from tests.store.serving import ServedStore, tool_environment


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is missing; install the package that has it")
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Some files, among them one large enough for parts, and names that need encoding."""
    draw, root = random.Random(6), tmp_path / "tree"
    names = ["large", "empty", "sub/a b+c%.txt", "sub/\u00e4\u00f6\u00fc", "sub/deep/er/x"]
    for name, size in zip(names, [(16 << 20) + 5, 0, 1000, 70_000, 1 << 20], strict=True):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw.randbytes(size))
    return root


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def run(command: list[str], home: Path, **more: str) -> str:
    done = subprocess.run(
        command,
        env=tool_environment(home) | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_rclone(server: ServedStore, tree: Path, tmp_path: Path) -> None:
    program, keys = tool("rclone"), server.credentials
    environment = {
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_CONFIG_RIO_TYPE": "s3",
        "RCLONE_CONFIG_RIO_PROVIDER": "Other",
        "RCLONE_CONFIG_RIO_ENDPOINT": server.address,
        "RCLONE_CONFIG_RIO_ACCESS_KEY_ID": keys.access_key,
        "RCLONE_CONFIG_RIO_SECRET_ACCESS_KEY": keys.secret_key,
        "RCLONE_RETRIES": "1",
        "RCLONE_LOW_LEVEL_RETRIES": "1",
    }

    def rclone(*arguments: str) -> str:
        return run([program, *arguments], tmp_path, **environment)

    rclone("mkdir", "rio:rclone")
    rclone("copy", "--s3-upload-cutoff=6M", str(tree), "rio:rclone/x")
    assert "0 differences" in rclone("check", "--download", str(tree), "rio:rclone/x")
    rclone("copy", "rio:rclone/x", str(tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(tree)
    assert (tmp_path / "back/large").stat().st_mtime == pytest.approx(
        (tree / "large").stat().st_mtime, abs=1e-3
    )
    (tree / "sub/a b+c%.txt").write_bytes(b"changed")
    (tree / "empty").unlink()
    rclone("sync", str(tree), "rio:rclone/x")
    rclone("move", "rio:rclone/x", "rio:rclone/y")
    assert "0 differences" in rclone("check", str(tree), "rio:rclone/y")
    rclone("purge", "rio:rclone")


def test_s3cmd(server: ServedStore, tree: Path, tmp_path: Path) -> None:
    program, keys = tool("s3cmd"), server.credentials
    host = server.address.removeprefix("http://")
    configuration = tmp_path / "s3cfg"
    configuration.write_text(
        f"[default]\naccess_key = {keys.access_key}\nsecret_key = {keys.secret_key}\n"
        f"host_base = {host}\nhost_bucket = {host}\nuse_https = False\nmax_retries = 1\n"
        "multipart_chunk_size_mb = 5\n"
    )

    def s3cmd(*arguments: str) -> str:
        return run([program, f"--config={configuration}", *arguments], tmp_path)

    s3cmd("mb", "s3://s3cmd")
    s3cmd("sync", f"{tree}/", "s3://s3cmd/x/")
    s3cmd("sync", "s3://s3cmd/x/", f"{tmp_path / 'back'}/")
    assert contents(tmp_path / "back") == contents(tree)
    s3cmd("cp", "s3://s3cmd/x/large", "s3://s3cmd/copy")
    s3cmd("get", "s3://s3cmd/copy", str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == (tree / "large").read_bytes()
    assert "16777221" in s3cmd("info", "s3://s3cmd/copy")
    assert "copy" in s3cmd("ls", "s3://s3cmd")
    s3cmd("del", "--recursive", "--force", "s3://s3cmd")
    s3cmd("rb", "s3://s3cmd")


@pytest.fixture
def clip(server: ServedStore, s3: Any, bucket: str, tmp_path: Path) -> tuple[str, Path]:
    """The address of the clip, which needs no keys, and the file."""
    path = tmp_path / "clip.mp4"
    make_clip(path, seconds=4)
    s3.upload_file(str(path), bucket, "clip.mp4", ExtraArgs={"ContentType": "video/mp4"})
    return server.url("get_object", bucket, "clip.mp4"), path


def test_curl_gets_a_range_without_keys(clip: tuple[str, Path], tmp_path: Path) -> None:
    url, path = clip
    out = tmp_path / "part"
    run(
        [tool("curl"), "-sS", "--fail", "--noproxy", "*", "-r", "1000-99999", "-o", str(out), url],
        tmp_path,
    )
    assert out.read_bytes() == path.read_bytes()[1000:100_000]


def test_ffprobe_and_ffmpeg_read_the_clip(clip: tuple[str, Path], tmp_path: Path) -> None:
    url, path = clip
    show = ["-show_entries", "format=duration,size:stream=codec_name", "-of", "json"]
    probe = json.loads(run([tool("ffprobe"), "-v", "error", *show, url], tmp_path))
    assert [stream["codec_name"] for stream in probe["streams"]] == ["h264", "aac"]
    assert int(probe["format"]["size"]) == path.stat().st_size
    assert float(probe["format"]["duration"]) == pytest.approx(4, abs=0.1)
    # The picture in the middle, found by seeking, is that of the file.
    pictures = []
    for number, source in enumerate((url, str(path))):
        out = tmp_path / f"{number}.rgb"
        seek = ["-ss", "2.5", "-i", source, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        run([tool("ffmpeg"), "-v", "error", "-y", *seek, str(out)], tmp_path)
        pictures.append(out.read_bytes())
    assert pictures[0] == pictures[1] != b""


def test_curl_sends_a_file_by_an_address(
    server: ServedStore, s3: Any, bucket: str, tree: Path, tmp_path: Path
) -> None:
    url = server.url("put_object", bucket, "sent")
    large = str(tree / "large")
    run([tool("curl"), "-sS", "--fail", "--noproxy", "*", "-T", large, url], tmp_path)
    with contextlib.closing(s3.get_object(Bucket=bucket, Key="sent")["Body"]) as body:
        assert body.read() == (tree / "large").read_bytes()
