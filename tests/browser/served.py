"""The console under test, and the recordings that it shows."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["ServedConsole", "container_cgroups", "ingested", "recorded_scene"]

_SCENE = Path(__file__).with_name("scene.py")
_CONTAINERS = ("web", "archive")


@dataclass(frozen=True)
class ServedConsole:
    """Where the console is; `url` is the first one, with the token, `store` the store's place."""

    url: str
    runs: tuple[str, str]
    store: Path

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


def recorded_scene(data: Path, name: str, seconds: float, *work: str, cgroups: str = "") -> None:
    """Record `scene.py` in a run of this name, with its containers in `cgroups`."""
    scene = ["python3", _SCENE.name, f"{seconds:g}", *work]
    record = ["profile", "record", "-o", name, "-F", "999", "--", *scene]
    done = subprocess.run(
        [sys.executable, "-m", "riostat", *record],
        cwd=_SCENE.parent,
        env=os.environ | {"RIOSTAT_DATA": str(data), "SCENE_CGROUPS": cgroups},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def ingested(data: Path) -> None:
    """Read riostat's own notes into the library, as `riostat up` then finds it."""
    command = [sys.executable, "-m", "riostat", "cite", "ingest", "--jobs=1", f"--data={data}"]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def container_cgroups() -> Iterator[str]:
    """Make cgroups named as containers have them, where that is allowed; give their place."""
    slice_ = _unified_hierarchy() / f"riostat{os.getpid()}.slice"
    scopes = [slice_ / f"machine-{name}.scope" for name in _CONTAINERS]
    made: list[Path] = []
    try:
        for directory in (slice_, *scopes):
            directory.mkdir()
            made.append(directory)
    except OSError:
        pass  # without rights all work is the host's, and the pages show one domain
    try:
        yield str(slice_) if len(made) > len(scopes) else ""
    finally:
        for directory in reversed(made):
            directory.rmdir()


def _unified_hierarchy() -> Path:
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return next((Path(mount[1]) for mount in mounts if mount[2] == "cgroup2"), Path("/nowhere"))
