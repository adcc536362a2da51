"""What a machine's console says about why it does not answer."""

import re
from pathlib import Path

from riostat.core.text import printable

__all__ = ["last_lines", "panic"]

_READ_BYTES = 64 << 10
_LINE_CHARACTERS = 200
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
_PANIC = re.compile(
    rb"(Kernel panic - not syncing: [^\n]*|Panic on CPU \d+:[^\n]*\n[^\n]*|Dom0 crashed[^\n]*)"
)


def last_lines(path: Path, count: int = 8) -> list[str]:
    """Return the last lines of a console's log that are not empty, fit for people.

    Where the kernel gave up, those are the lines that led to it, and not the registers after it.
    """
    text = _ESCAPES.sub(b"", _tail(path)).replace(b"\r", b"\n")
    if (match := _PANIC.search(text)) is not None:
        text = text[: match.end()]
    lines = [printable(line)[:_LINE_CHARACTERS] for line in text.split(b"\n") if line.strip()]
    return lines[-count:]


def panic(path: Path) -> str | None:
    """Return the line in which the kernel, or Xen, says why it gave up; None without one."""
    match = _PANIC.search(_tail(path))
    return None if match is None else printable(match[1].strip())[:_LINE_CHARACTERS]


def _tail(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _READ_BYTES))
            return file.read(_READ_BYTES)
    except FileNotFoundError:
        return b""
