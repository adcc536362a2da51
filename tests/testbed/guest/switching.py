"""A switch of riostat's, run as its users run it, for guests to be joined by."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["RunningSwitch", "running_switch"]


@dataclass(frozen=True, slots=True)
class RunningSwitch:
    """A switch that runs with its sockets in a folder."""

    folder: Path

    def socket(self, port: str) -> Path:
        return self.folder / port

    def ports(self) -> dict[str, Any]:
        """The counters of its ports, by name."""
        done = subprocess.run(
            [*_RIOSTAT, "status", "--json", "--data", str(self.folder / "data")],
            capture_output=True,
            check=True,
        )
        return {port["name"]: port for port in json.loads(done.stdout)["ports"]}


_RIOSTAT = (sys.executable, "-m", "riostat", "switch")


@contextmanager
def running_switch(
    folder: Path, kernels: Path, *, ports: Sequence[str], policy: str
) -> Iterator[RunningSwitch]:
    data = folder / "data"
    (data / "cache").mkdir(parents=True)
    kernels.mkdir(exist_ok=True)
    (data / "cache" / "kernels").symlink_to(kernels)
    guests = [word for port in ports for word in ("--guest", f"{port}=vhost:{folder / port}")]
    command = [*_RIOSTAT, "run", *guests, "--policy", policy, "--json", "--data", str(data)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=os.environ) as process,
    ):
        assert process.stdout is not None
        started = process.stdout.readline()
        assert b"running" in started, (folder / "log").read_text()
        yield RunningSwitch(folder)
        process.send_signal(signal.SIGINT)
