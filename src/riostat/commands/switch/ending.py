"""Signals that end a switch, as something that its loop can wait for.

Handlers and a wakeup descriptor do it rather than a mask: threads of libraries have masks of their
own, and workers that are started later would inherit a mask, while handlers end with exec.
"""

import os
import signal
from types import FrameType, TracebackType
from typing import Self

__all__ = ["Ending"]

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """While it is entered, in the main thread, `descriptor` is readable after an ending signal."""

    def __enter__(self) -> Self:
        self.descriptor, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _nothing) for number in _NUMBERS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self.descriptor)
        os.close(self._write)


def _nothing(number: int, frame: FrameType | None) -> None:
    """Let the signal do no more than wake the loop."""
