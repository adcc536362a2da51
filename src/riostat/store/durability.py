"""Files that are on the disk whole or not at all."""

import os
from pathlib import Path

__all__ = ["rename_durably", "sync_directory", "write_durably"]


def sync_directory(path: Path) -> None:
    """Return when the names in a directory are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename_durably(old: Path, new: Path) -> None:
    """Give a file, whose content is on the disk already, its name."""
    old.rename(new)
    sync_directory(new.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Put the content in place of what a file holds; a crash leaves the old or the new.

    Only its owner can read it.
    """
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    with partial.open("r+b") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    rename_durably(partial, path)
