"""The rolling recorder as a child process that is started again when it ends unasked."""

import subprocess
import threading
from collections.abc import Callable, Sequence
from typing import IO

import msgspec

from riostat.core.errors import RiostatError
from riostat.core.text import printable

__all__ = ["RollingRecorderProcess"]

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_LINE_BYTES = 4096


class _Status(msgspec.Struct):
    state: str
    reason: str


class RollingRecorderProcess:
    """Keeps the recorder running.

    `command` gives the child's command line, and may raise `RiostatError` to be asked later. A
    child that ends is started again after a pause that doubles up to a minute. `problem` says in
    a sentence why nothing is recorded at present, and is None while something is. A child that
    does not end within `grace_s` of SIGTERM is killed.
    """

    def __init__(self, command: Callable[[], Sequence[str]], *, grace_s: float = 5.0) -> None:
        self.problem: str | None = None
        self._command = command
        self._grace_s = grace_s
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name="rolling recorder", daemon=True)

    def start(self) -> None:
        """Start the child and the thread that keeps it."""
        self._thread.start()

    def stop(self) -> None:
        """End the child and wait until it is gone; without `start`, nothing."""
        if self._thread.ident is None:
            return
        with self._lock:
            self._stopping.set()
            child = self._child
        if child is not None:
            child.terminate()
            self._thread.join(self._grace_s)
            if self._thread.is_alive():
                child.kill()
        self._thread.join()

    def _keep(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                self._run_once()
            except RiostatError as error:
                self.problem = str(error)
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _run_once(self) -> None:
        command = self._command()
        with self._lock:
            if self._stopping.is_set():
                return
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the console, which then ends the recorder
            )
        with self._child as child:
            assert child.stdout is not None
            self._listen(child.stdout)
        if self.problem is None:
            self.problem = f"The recorder ended with {child.returncode}; it is started again."

    def _listen(self, lines: IO[bytes]) -> None:
        """Follow what the child says of itself until it ends."""
        while line := lines.readline(_LINE_BYTES):
            try:
                status = msgspec.json.decode(line, type=_Status)
            except msgspec.MsgspecError:
                continue
            recording = status.state == "recording"
            self.problem = None if recording else printable(status.reason) or None
