"""A child process that is started again when it ends unasked."""

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO

import msgspec

from riostat.core.errors import RiostatError
from riostat.core.text import printable

__all__ = ["KeptProcess"]

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_LINE_BYTES = 4096
_LAST_LINES = 30
_REFUSAL = "riostat: "
_AT_WORK = frozenset({"recording", "running", "serving"})


class _Status(msgspec.Struct):
    """A line of JSON in which a child says how it stands."""

    state: str
    reason: str = ""


class KeptProcess:
    """Keeps a child running.

    `command` gives the child's command line, and may raise `RiostatError` to be asked later. A
    child that ends is started again after a pause that doubles up to a minute, and is a second
    again once a child has lasted longer than the longest. `name` is what sentences call it.
    `problem` says in a sentence why it does not work at present, and is None while it does or
    starts. A child that does not end within `grace_s` of SIGTERM is killed. One that is to run
    `once` is not started again after it has ended with success.

    The child says how it stands in lines of JSON, ``{"state", "reason"}``, and why it ends in a
    line that begins with ``riostat:``. Where it ends otherwise, its last lines go to our standard
    error.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[], Sequence[str]],
        *,
        grace_s: float = 5.0,
        once: bool = False,
    ) -> None:
        self.problem: str | None = None
        self._name = name
        self._command = command
        self._grace_s = grace_s
        self._once = once
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    def start(self) -> None:
        """Start the child and the thread that keeps it."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Send the child SIGTERM, and start it no more; without `start`, nothing."""
        with self._lock:
            self._stopping.set()
            if self._child is not None:
                self._child.terminate()

    def stop(self) -> None:
        """End the child and wait until it is gone; without `start`, nothing."""
        self.ask_to_stop()
        if self._thread.ident is None:
            return
        self._thread.join(self._grace_s)
        if self._thread.is_alive() and self._child is not None:
            self._child.kill()
        self._thread.join()

    def _keep(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            started_s = time.monotonic()
            try:
                if self._run_once() and self._once:
                    self.problem = None
                    return
            except RiostatError as error:
                self.problem = str(error)
            if time.monotonic() - started_s > _LONGEST_PAUSE_S:
                pause_s = _FIRST_PAUSE_S
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _run_once(self) -> bool:
        """Run the child until it ends; return whether it did so with success, unasked."""
        command = self._command()
        with self._lock:
            if self._stopping.is_set():
                return False
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the console, which then ends its children
            )
        with self._child as child:
            assert child.stdout is not None
            last = self._listen(child.stdout)
        if self._stopping.is_set():
            return False
        if self._once and child.returncode == 0:
            return True
        refusal = next((line for line in reversed(last) if line.startswith(_REFUSAL)), None)
        if refusal is not None:
            self.problem = refusal.removeprefix(_REFUSAL)
        elif self.problem is None:
            self.problem = f"{self._name} ended with {child.returncode}; it is started again."
            sys.stderr.writelines(f"{line}\n" for line in last)
        return False

    def _listen(self, lines: IO[bytes]) -> deque[str]:
        """Follow what the child says of itself until it ends; return its last other lines."""
        last: deque[str] = deque(maxlen=_LAST_LINES)
        while line := lines.readline(_LINE_BYTES):
            try:
                status = msgspec.json.decode(line, type=_Status)
            except msgspec.MsgspecError:
                last.append(printable(line.decode(errors="replace").rstrip()))
                continue
            at_work = status.state in _AT_WORK
            self.problem = None if at_work else printable(status.reason) or None
        return last
