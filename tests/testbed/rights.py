"""Tests that need root, and programs that do without."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from riostat.testbed.mounts import mounts

__all__ = [
    "as_nobody",
    "needs_disks",
    "needs_qemu",
    "needs_root",
    "needs_throttling",
    "without_root",
]


def _throttles() -> bool:
    """Tell whether there is a cgroup of either version that bounds I/O."""
    return any(
        (found.kind == "cgroup" and "blkio" in found.options)
        or (found.kind == "cgroup2" and "io" in _controllers(found.folder))
        for found in mounts()
    )


def _controllers(folder: Path) -> list[str]:
    file = folder / "cgroup.controllers"
    return file.read_text().split() if file.exists() else []


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-x86_64") is None,
    reason="qemu-system-x86_64 is missing; install the package qemu-system-x86",
)
needs_throttling = pytest.mark.skipif(
    os.geteuid() != 0 or not _throttles(), reason="needs root, and cgroups that bound I/O"
)
needs_disks = pytest.mark.skipif(
    os.geteuid() != 0 or not _throttles() or not Path("/dev/loop-control").exists(),
    reason="needs root, cgroups that bound I/O, and /dev/loop-control",
)

_NOBODY = 65534
# It may read whatever the tests are made of, wherever that lies, and has no right besides.
_READS = "+dac_read_search"


def as_nobody(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a program as a user with no rights, and a runtime folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        return subprocess.run(
            [
                *("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups"),
                *(f"--inh-caps={_READS}", f"--ambient-caps={_READS}", *command),
            ],
            env=os.environ | {"XDG_RUNTIME_DIR": folder, "PYTHONDONTWRITEBYTECODE": "1"},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )


def without_root(program: str) -> str:
    """Run a Python program as a user with no rights; return the error that it ends with.

    Marks in the text are called NAME.
    """
    done = as_nobody(sys.executable, "-c", program)
    assert done.returncode == 1, done.stderr
    last = done.stderr.splitlines()[-1].removeprefix("riostat.core.errors.")
    return re.sub(r"riostat-[0-9]+-[0-9]+-[0-9]+", "NAME", last)
