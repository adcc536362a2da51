"""Files that are there whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, *parts: bytes) -> None:
    """Write a file in the place of one that may be there; raises `OSError`, and then it stays."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            for part in parts:
                file.write(part)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
