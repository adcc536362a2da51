"""Talking to the kernel about devices: pyroute2, in a thread that may be in another namespace.

A thread has a network namespace of its own (setns(2)), and so the caller is never moved into one,
nothing is forked, and an event loop that the caller runs is not in the way of pyroute2's.
"""

import ctypes
import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from riostat.core.errors import MissingToolError, NetworkError
from riostat.testbed.processes import inode_of, kill_processes, processes_in_namespace

if TYPE_CHECKING:
    from pyroute2 import IPRoute

__all__ = ["NAMESPACES", "in_namespace", "make_namespace", "opened", "remove_namespace"]

T = TypeVar("T")

NAMESPACES: Final = Path("/run/netns")  # where ip-netns(8) has them

_CLONE_NEWNET: Final = 0x40000000
_REMEDIES: Final = {
    errno.EEXIST: "choose another name, or remove the one that has it",
    errno.EBUSY: "end the program that holds it",
    errno.ENODEV: "see `ip link` for what there is",
    errno.ENOENT: "it is not there, or its kernel module is not; see `ip netns` and `ip link`",
    errno.EOPNOTSUPP: "load the kernel module of this kind of device",
    errno.EINVAL: "see that the names and addresses are what they should be",
}

_libc = ctypes.CDLL(None, use_errno=True)


def in_namespace(path: Path | None, what: str, work: "Callable[[IPRoute], T]") -> T:
    """Return what `work` returns when it is given a connection to the namespace at `path`.

    Without a path that is the caller's. `what` begins the sentence where it fails, as in
    "The device tap0 cannot be made". Raises `NetworkError`, and `MissingToolError` without root.
    """
    from pyroute2 import IPRoute, netns

    def connected() -> T:
        if path is not None:
            netns.setns(str(path), flags=0)
        with IPRoute() as route:
            return work(route)

    return _in_thread(what, connected)


def make_namespace(path: Path) -> None:
    """Make a namespace and the file by which others, and `ip netns`, reach it.

    Raises what `in_namespace` raises, and then nothing is left.
    """
    from pyroute2 import netns

    def apart() -> None:
        if _libc.unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        with _locked(path.parent):
            if path.exists():
                raise FileExistsError(errno.EEXIST, "namespace")
            try:
                netns.attach(str(path), threading.get_native_id())
            except OSError:
                remove_namespace(path)
                raise

    _in_thread(f"The network namespace {path.name} cannot be made", apart)


def remove_namespace(path: Path) -> None:
    """Kill what runs in a namespace and remove its file; one that is gone is no error.

    Raises `OSError`.
    """
    from pyroute2 import netns

    inode = inode_of(path)
    kill_processes(lambda: processes_in_namespace(inode))
    with suppress(FileNotFoundError):
        netns.remove(str(path))
    # Somebody who was about to enter may be in now, and would keep it.
    kill_processes(lambda: processes_in_namespace(inode))


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Yield a descriptor of a file or folder, and close it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _in_thread(what: str, work: Callable[[], T]) -> T:
    from pyroute2 import NetlinkError

    try:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="netlink") as pool:
            return pool.submit(work).result()
    except NetlinkError as error:
        raise _refused(what, error.code) from error
    except OSError as error:
        raise _refused(what, error.errno or 0) from error


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock that ip-netns(8) takes too: two at a time would hide each other's mounts."""
    folder.mkdir(mode=0o755, exist_ok=True)
    with opened(folder) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def _refused(what: str, number: int) -> NetworkError | MissingToolError:
    if number in {errno.EPERM, errno.EACCES}:
        return MissingToolError(f"{what} without root; run it as root, with sudo for example.")
    remedy = _REMEDIES.get(number, "see `ip link` and the kernel's log")
    return NetworkError(f"{what} ({os.strerror(number)}); {remedy}.")
