"""What a running server says of itself to other processes of the same user.

It holds a lock on ``server.lock`` in the store's directory for as long as it runs, and writes
``server.json`` there once a second. Reading imports neither numpy nor what opens a store.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from riostat.core.errors import StoreError, StoreFormatError

__all__ = [
    "DelaySummary",
    "ServedDisk",
    "ServerStatus",
    "holding",
    "read_status",
    "write_status",
]

_LOCK = "server.lock"
_STATUS = "server.json"
_STATUS_BYTES = 1 << 20


class ServedDisk(msgspec.Struct, frozen=True):
    """One disk of the store; counters since the server began, `bandwidth_bps` 0 where unknown."""

    name: str
    path: str
    state: str
    capacity_bytes: int
    used_bytes: int
    bandwidth_bps: int
    queue: int
    busy_ns: int
    bytes: int


class DelaySummary(msgspec.Struct, frozen=True):
    """Times from request to block of the blocks that a disk was asked for, in ns.

    `buckets` are (from, up to, count), and `late` is how many took longer than the bound.
    """

    bound_ns: int
    blocks: int
    late: int
    p50_ns: int
    p99_ns: int
    p999_ns: int
    max_ns: int
    buckets: list[tuple[int, int, int]]


class ServerStatus(msgspec.Struct, frozen=True):
    """A running server; `time_ns` and `started_ns` are CLOCK_MONOTONIC."""

    address: str
    pid: int
    started_ns: int
    time_ns: int
    uuid: str
    block_bytes: int
    replication: float
    objects: int
    buckets: int
    disks: list[ServedDisk]
    requests: int
    refused: int
    connections: int
    sent_bytes: int
    received_bytes: int
    delay: DelaySummary


@contextmanager
def holding(root: Path) -> Iterator[None]:
    """Be the server of a store; raises `StoreError` where another process is."""
    try:
        descriptor = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"The store in {root} cannot be served ({error.strerror}); see to it that its "
            "directory is yours and has room."
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            status = read_status(root)
            where = "" if status is None else f" at {status.address}"
            raise StoreError(
                f"The store in {root} is served already{where}; use that server, or end it first."
            ) from error
        try:
            yield
        finally:
            (root / _STATUS).unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def write_status(root: Path, status: ServerStatus) -> None:
    """Replace what is said of the server; a reader sees the old words or the new ones."""
    draft = root / f".{_STATUS}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(status))
    draft.rename(root / _STATUS)


def read_status(root: Path) -> ServerStatus | None:
    """Return what the server of a store said last, or None where none runs.

    Raises `StoreFormatError` where the file is not of a server's making.
    """
    try:
        descriptor = os.open(root / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    if not _is_held(descriptor):
        return None
    try:
        with (root / _STATUS).open("rb") as file:
            return msgspec.json.decode(file.read(_STATUS_BYTES), type=ServerStatus)
    except OSError:
        return None  # it has only just begun, or ends now
    except msgspec.MsgspecError as error:
        raise StoreFormatError(
            f"The status of the server in {root / _STATUS} cannot be read; start the server again."
        ) from error


def _is_held(descriptor: int) -> bool:
    """Tell whether a server holds the lock, and close the descriptor."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
