"""Unix sockets that others find by a path: made for their owner alone, and removed at the end."""

import contextlib
import errno
import os
import socket
import stat
import struct
from pathlib import Path

from riostat.core.errors import PortError
from riostat.core.text import printable

__all__ = ["Listener", "connect"]

_BACKLOG = 128


class Listener:
    """A listening socket of mode 0600 at `path`; raises `PortError` where it cannot be made.

    A socket that nobody listens on any more is replaced; one that is alive, and a file that is no
    socket, are refused. `close` removes the socket unless another has taken its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            _remove_stale(path)
            self._bind()
        except OSError as error:
            self.socket.close()
            raise PortError(
                f"The socket {printable(str(path))} cannot be made ({error.strerror or error}); "
                "choose another path in a directory of yours."
            ) from error

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self.socket.fileno()

    def accept(self) -> socket.socket | None:
        """Return the next connection, or None where whoever called has gone already."""
        try:
            connection, _ = self.socket.accept()
        except OSError:
            return None
        connection.settimeout(0)
        return connection

    def _bind(self) -> None:
        mask = os.umask(0o177)
        try:
            self.socket.bind(str(self.path))
        finally:
            os.umask(mask)
        self._identity = _identity(self.path)
        self.socket.listen(_BACKLOG)

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self.socket.close()
        with contextlib.suppress(FileNotFoundError):
            if _identity(self.path) == self._identity:
                self.path.unlink()


def connect(path: Path, patience_s: int) -> socket.socket:
    """Return a connection to whoever listens at `path`; raises `OSError`, also after `patience_s`.

    The connection times out in the same way. A listener with a long queue is waited for, which a
    socket with a timeout of Python's does not do (connect(2), EAGAIN).
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", patience_s, 0)
        )
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    connection.settimeout(patience_s)
    return connection


def _identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "a file that is no socket is there")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass  # somebody listens, with a long queue
    raise FileExistsError(errno.EADDRINUSE, "another program listens on it")
