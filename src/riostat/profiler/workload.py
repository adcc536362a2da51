"""The workload: a command that is held before its exec until sampling has begun."""

import os
import select
import signal
import struct
from collections.abc import Sequence
from typing import Self

from riostat.core.errors import SamplingError
from riostat.core.text import printable
from riostat.profiler.signals import ENDING

__all__ = ["Workload"]

_PATIENCE_MS = 5000
_ERRNO = struct.Struct("<i")


class Workload:
    """A command in a process of its own, in this process's group and on its terminal.

    `descriptor` becomes readable when it has ended.
    """

    def __init__(self, command: Sequence[str], pid: int, hold: int, failure: int) -> None:
        self.command = tuple(command)
        self.pid = pid
        self.descriptor = os.pidfd_open(pid)
        self._hold = hold
        self._failure = failure
        self._status: int | None = None

    @classmethod
    def fork(cls, command: Sequence[str]) -> Self:
        """Fork a process that waits for `release`; raises `SamplingError`."""
        import shutil  # brings compression along, which a recording without a command need not load

        if shutil.which(command[0]) is None:
            raise SamplingError(
                f"There is no program {printable(command[0])!r} to record; give a name that is in "
                "PATH or the path of a file that can be executed."
            )
        wait, hold = os.pipe2(os.O_CLOEXEC)
        failure, report = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            os.close(hold)  # else its own end would keep the pipe open when the recorder dies
            _execute(command, wait, report)
        os.close(wait)
        os.close(report)
        return cls(command, pid, hold, failure)

    def release(self) -> None:
        """Let the command begin; raises `SamplingError` when the kernel cannot execute it."""
        os.write(self._hold, b"\0")
        os.close(self._hold)
        self._hold = -1
        answer = os.read(self._failure, _ERRNO.size)
        if answer:
            reason = os.strerror(_ERRNO.unpack(answer)[0])
            raise SamplingError(
                f"The program {printable(self.command[0])!r} cannot be executed ({reason}); give "
                "one that can."
            )

    def end(self) -> int:
        """See to it that the command has ended; return its exit status or minus a signal's number.

        One that still runs is sent SIGTERM, and SIGKILL when it takes no notice for five seconds.
        """
        if self._status is not None:
            return self._status
        if self._hold >= 0:
            os.close(self._hold)  # a command that is still held gives up
        ended = select.poll()
        ended.register(self.descriptor, select.POLLIN)
        for number in (signal.SIGTERM, signal.SIGKILL):
            if ended.poll(0):
                break
            signal.pidfd_send_signal(self.descriptor, number)
            ended.poll(_PATIENCE_MS)
        self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.descriptor)
        os.close(self._failure)
        return self._status


def _execute(command: Sequence[str], wait: int, report: int) -> None:
    """Become the command, or say why not; never returns."""
    try:
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and exec would keep that
            signal.signal(ignored, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        if os.read(wait, 1):
            os.execvpe(command[0], list(command), os.environ)  # noqa: S606 - the user's own command
    except OSError as error:
        os.write(report, _ERRNO.pack(error.errno or 0))
    finally:
        os._exit(127)
