"""A console under test: a real process on a port of its own, and runs for it to show."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings, load_settings

__all__ = [
    "TOKEN",
    "RunningConsole",
    "burn_and_record",
    "free_port",
    "new_console",
    "new_settings",
    "rolling_recorder",
]

TOKEN = "correcthorsebatterystaple"
_READY_S = 60.0
_END_S = 20.0

_SERVE = """
import sys
from pathlib import Path
from riostat.console.app import serve
from riostat.core.settings import load_settings
data, host, port, token, problem = sys.argv[1:]
flags = {"data": data, "host": host, "port": port, "token": token}
settings = load_settings(flags, environment={}, directory=Path(data))
problems = {"recorder": lambda: problem or None}
serve(settings, ready=lambda url: print(url, flush=True), problems=problems)
print("ended", flush=True)
"""

_BURN = """
import hashlib, time
block, end = bytes(1 << 16), time.monotonic() + {seconds}
while time.monotonic() < end:
    hashlib.sha256(block).digest()
"""


@dataclass
class RunningConsole:
    """A console process; `url` is the first one, with the token."""

    process: subprocess.Popen[str]
    url: str
    port: int
    token: str
    data: Path
    log: Path

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def client(self, *, signed_in: bool = True) -> httpx2.Client:
        headers = {"authorization": f"Bearer {self.token}"} if signed_in else {}
        return httpx2.Client(base_url=self.origin, headers=headers, trust_env=False, timeout=60)

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are, and return what comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
            answer = b""
            with contextlib.suppress(ConnectionResetError):
                while part := connection.recv(1 << 16):
                    answer += part
            return answer

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End the process as `number` does, and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(_END_S)

    def children(self) -> list[int]:
        """The processes that the console started and that are there now."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == self.process.pid:
                    found.append(int(stat.parent.name))
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def new_settings(data: Path, *, host: str = "127.0.0.1", port: int = 8180) -> Settings:
    default = load_settings({"data": str(data)}, environment={}, directory=data)
    return replace(default, host=host, port=port, token=TOKEN)  # what a flag could not be, too


@contextlib.contextmanager
def new_console(
    data: Path, *, token: str = TOKEN, host: str = "127.0.0.1", problem: str = ""
) -> Iterator[RunningConsole]:
    """Start a console over a data directory, and end it."""
    port = free_port()
    log = data.parent / f"{data.name}-{port}.log"
    arguments = [str(data), host, str(port), token, problem]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", _SERVE, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            readable, _, _ = select.select([process.stdout], [], [], _READY_S)
            url = process.stdout.readline().strip() if readable else ""
            assert url, log.read_text()
            found = url.partition("token=")[2]
            yield RunningConsole(process, url, port, found, data, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(_END_S)
                except subprocess.TimeoutExpired:
                    process.kill()


def burn_and_record(data: Path, *, seconds: float = 1.0, events: Sequence[str] = ()) -> str:
    """Record a program that computes hashes, and return the run's name."""
    record = [sys.executable, "-m", "riostat", "profile", "record", "--json", f"--data={data}"]
    record += [flag for event in events for flag in ("-e", event)]
    burn = [sys.executable, "-c", _BURN.format(seconds=seconds)]
    done = subprocess.run([*record, "-F", "999", "--", *burn], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    run = json.loads(done.stdout)["run"]
    assert isinstance(run, str)
    return run


@contextlib.contextmanager
def rolling_recorder(data: Path, *, keep_seconds: int = 3600) -> Iterator[subprocess.Popen[bytes]]:
    """Record this machine into a new rolling run, and stop."""
    _, path = RunDirectory(data / "runs").create(
        command=("riostat", "up"), clock=SYSTEM_CLOCK, rolling=True
    )
    command = [
        *(sys.executable, "-m", "riostat.profiler.rolling", f"--run={path}"),
        *(f"--symbols={data / 'cache' / 'symbols'}", "--frequency=99"),
        *(f"--keep-seconds={keep_seconds}", f"--keep-bytes={1 << 28}", f"--parent={os.getpid()}"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(_END_S)
