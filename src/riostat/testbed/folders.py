"""Where the testbed keeps things: a cache that outlives its users, and a folder for what runs."""

import errno
import os
import secrets
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from riostat.core.errors import TestbedError
from riostat.testbed.marks import new_mark
from riostat.testbed.ownership import Owner

__all__ = [
    "BACKING_FILE",
    "OUTSIDE_FILE",
    "OWNER_FILE",
    "PROCESSES_FILE",
    "CacheFolder",
    "new_machine_folder",
    "remove_machine_folder",
    "remove_tree",
    "runtime_folder",
]

OWNER_FILE = "owner"
PROCESSES_FILE = "processes"
BACKING_FILE = "backing"
OUTSIDE_FILE = "outside"


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """The testbed's cache; all of it can be made again."""

    root: Path

    @property
    def packages(self) -> Path:
        """Packages as they were downloaded, what was unpacked of them, and apt's own state."""
        return self.root / "packages"

    @property
    def images(self) -> Path:
        """Kernels and initramfs files, by a hash of what they were made of."""
        return self.root / "images"

    @property
    def snapshots(self) -> Path:
        """States of booted machines, by a hash of all that they depend on."""
        return self.root / "snapshots"


def runtime_folder() -> Path:
    """Return the folder of sockets, logs and marks, made for this user alone.

    Its path is short, because the path of a Unix socket has at most 107 bytes (unix(7)). Raises
    `TestbedError` where a folder of another user, or a link, is in its place.
    """
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base, f"riostat-testbed-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError as error:
        raise TestbedError(
            f"The folder {folder} cannot be made ({error.strerror}); "
            "set XDG_RUNTIME_DIR to a folder that this user can write."
        ) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise TestbedError(
            f"The folder {folder} is not this user's alone; remove it, "
            "or set XDG_RUNTIME_DIR to a folder that is."
        )
    return folder


def new_machine_folder(name: str, owner: Owner) -> Path:
    """Make the folder of one machine, or of a set of disks, in the runtime folder.

    Its name is `name` and four random digits. The file `owner` in it holds the mark of the process
    whose death makes it a leftover. The file `processes` is for the marks, one a line, of the
    processes that then have to end, the file `outside` for the paths of sockets elsewhere, and the
    file `backing` for the path of a folder elsewhere, whose name is a mark, that then have to go.
    The folder appears with its owner or not at all: until then its name is a mark. Raises
    `TestbedError`.
    """
    draft = runtime_folder() / new_mark()
    try:
        draft.mkdir(mode=0o700)
        (draft / OWNER_FILE).write_text(owner.mark)
        return _renamed(draft, name)
    except OSError as error:
        remove_tree(draft)
        raise TestbedError(
            f"The folder {draft.parent} cannot be written ({error.strerror}); make room there, or "
            "set XDG_RUNTIME_DIR to another."
        ) from error
    except BaseException:
        remove_tree(draft)
        raise


def _renamed(draft: Path, name: str) -> Path:
    while True:
        try:
            return draft.rename(draft.with_name(f"{name}-{secrets.token_hex(2)}"))
        except OSError as error:
            # A folder that is there has its owner in it, and so nothing is put in its place.
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise


def remove_machine_folder(folder: Path) -> None:
    """Remove a machine's folder, also while somebody else does, and its sockets elsewhere."""
    with suppress(OSError, UnicodeDecodeError):
        for line in (folder / OUTSIDE_FILE).read_text().splitlines():
            outside = Path(line)
            if outside.is_socket():
                outside.unlink()
    remove_tree(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder, also while somebody else does."""
    while folder.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
