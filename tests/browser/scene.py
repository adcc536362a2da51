"""A program with something to see: a web container that serves, an archive that compresses later.

Usage: scene.py SECONDS [archive]; the cgroups of the containers are in the directory SCENE_CGROUPS.
"""

import hashlib
import json
import os
import sys
import time
import zlib
from pathlib import Path

__all__: list[str] = []


def serve_until(end_s: float) -> None:
    block = bytes(1 << 19)
    table = [{"id": n, "name": f"name-{n * 7919 % 1000}"} for n in range(1000)]
    while time.monotonic() < end_s:
        hashlib.sha256(block).digest()
        json.loads(json.dumps(table))
        sorted(table, key=lambda row: str(row["name"]))
        time.sleep(0.005)


def compress_until(end_s: float) -> None:
    block = os.urandom(1 << 18)
    zeros = os.open("/dev/zero", os.O_RDONLY)
    while time.monotonic() < end_s:
        zlib.compress(block, 1)
        os.read(zeros, 1 << 22)


def contained(parent: Path | None, name: str) -> int:
    """Fork; the child works in a container's cgroup where there may be one."""
    child = os.fork()
    if child == 0 and parent is not None:
        (parent / f"machine-{name}.scope" / "cgroup.procs").write_text("0")
    return child


def main() -> None:
    seconds = float(sys.argv[1])
    cgroups = os.environ.get("SCENE_CGROUPS")
    parent = Path(cgroups) if cgroups else None
    start_s = time.monotonic()
    if contained(parent, "web") == 0:
        serve_until(start_s + seconds)
    elif "archive" not in sys.argv:
        os.wait()
    elif contained(parent, "archive") == 0:
        time.sleep(seconds / 3)
        compress_until(start_s + seconds * 2 / 3)
    else:
        os.wait()
        os.wait()


if __name__ == "__main__":
    main()
