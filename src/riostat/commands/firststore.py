"""The store of `riostat up`: made at the first start, and served from then on.

``python -m riostat.commands.firststore ROOT ARGUMENT...`` makes the store in ROOT where there is
none, on four disks of unequal size with a clip in it, and becomes ``riostat ARGUMENT...``, so that
nothing that the making needed stays in memory. A making that was interrupted is finished.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from riostat.core.errors import BucketExistsError, RiostatError

if TYPE_CHECKING:
    from riostat.store.store import Store

__all__ = ["BUCKET", "CLIP", "DISK_BYTES", "make_store"]

BUCKET = "media"
CLIP = "riostat.mp4"
DISK_BYTES = (48 << 20, 64 << 20, 96 << 20, 128 << 20)
"""What the four disks hold, in bytes."""

_BLOCK_BYTES = 256 << 10
_CLIP_S = 12
_UNFINISHED = ".unfinished"
_PIECE_BYTES = 1 << 20


def make_store(root: Path) -> None:
    """Make the store, or what a making that was interrupted has left to be done.

    Raises `StoreError`, or `RiostatError` where there is no room.
    """
    from riostat.store.configuration import CONFIGURATION

    mark = root / _UNFINISHED
    is_there = (root / CONFIGURATION).exists()
    if is_there and not mark.exists():
        return
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        mark.touch()
    except OSError as error:
        raise RiostatError(
            f"The store in {root} cannot be made ({error.strerror}); choose another place with "
            "--store or RIOSTAT_STORE."
        ) from error
    _fill(root, is_there=is_there)
    mark.unlink()


def _fill(root: Path, *, is_there: bool) -> None:
    from riostat.store.specification import DiskSpecification
    from riostat.store.store import Store

    if not is_there:
        disks = [
            DiskSpecification(root / f"disk{number}", capacity_bytes=size)
            for number, size in enumerate(DISK_BYTES)
        ]
        for disk in disks:
            shutil.rmtree(disk.path, ignore_errors=True)  # what an interrupted making has left
        Store.create(root, disks, block_bytes=_BLOCK_BYTES).close()
    with Store.open(root) as store:
        with suppress(BucketExistsError):  # an interrupted making came as far as this
            store.create_bucket(BUCKET)
        _put_clip(store, root / f".{CLIP}")


def _put_clip(store: "Store", draft: Path) -> None:
    from riostat.store.clip import make_clip

    make_clip(draft, seconds=_CLIP_S)
    with store.put(BUCKET, CLIP, content_type="video/mp4") as upload, draft.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            upload.write(piece)
        upload.commit()
    draft.unlink()


def _main(root: Path, arguments: Sequence[str]) -> None:
    """Make the store where there is none, and become the program that serves it."""
    try:
        make_store(root)
    except RiostatError as error:
        sys.exit(f"riostat: {error}")
    os.execv(sys.executable, [sys.executable, "-m", "riostat", *arguments])  # noqa: S606 - ours


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2:])
