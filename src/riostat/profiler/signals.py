"""Signals as something that can be waited for beside rings: signalfd(2) over ctypes."""

import ctypes
import os
import signal
import struct
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["ENDING", "EndingSignals", "Received"]

ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT})

_SI_KERNEL = 0x80
_SIGSET_BYTES = 128
_INFO_BYTES = 128
_INFO = struct.Struct("<IiiI")  # struct signalfd_siginfo: signo, errno, code, pid

_libc = ctypes.CDLL(None, use_errno=True)


class Received(NamedTuple):
    """A signal that arrived; one from the terminal went to the whole foreground process group."""

    number: int
    from_terminal: bool


class EndingSignals:
    """While it is entered, the signals that end a process wait at `descriptor` to be read.

    To be entered in the main thread, before other threads start.
    """

    def __init__(self) -> None:
        self.descriptor = -1
        self._before: set[int] = set()

    def __enter__(self) -> Self:
        self._before = {int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)}
        mask = sum(1 << (number - 1) for number in ENDING).to_bytes(_SIGSET_BYTES, "little")
        self.descriptor = _libc.signalfd(-1, mask, os.O_CLOEXEC | os.O_NONBLOCK)
        if self.descriptor < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.read()  # what arrived meanwhile has its effect already: the work is ending
        os.close(self.descriptor)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    def read(self) -> list[Received]:
        """Return the signals that arrived since the last call."""
        try:
            content = os.read(self.descriptor, len(ENDING) * _INFO_BYTES)
        except BlockingIOError:
            return []
        infos = (_INFO.unpack_from(content, at) for at in range(0, len(content), _INFO_BYTES))
        return [Received(info[0], info[2] == _SI_KERNEL) for info in infos]
