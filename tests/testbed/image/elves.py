"""ELF files for tests, written byte by byte (elf(5))."""

import struct
from collections.abc import Mapping

__all__ = ["module"]

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")


def module(information: Mapping[str, str]) -> bytes:
    """Return a kernel module that says this in .modinfo, and has nothing else."""
    entries = b"".join(f"{key}={value}".encode() + b"\0" for key, value in information.items())
    names = b"\0.modinfo\0.shstrtab\0"
    at = _HEADER.size
    sections = [
        bytes(_SECTION.size),
        _SECTION.pack(1, 1, 0, 0, at, len(entries), 0, 0, 1, 0),
        _SECTION.pack(10, 3, 0, 0, at + len(entries), len(names), 0, 0, 1, 0),
    ]
    header = _HEADER.pack(
        b"\x7fELF\x02\x01\x01", 1, 62, 1, 0, 0, at + len(entries) + len(names), 0,
        _HEADER.size, 0, 0, _SECTION.size, len(sections), 2,
    )  # fmt: skip
    return header + entries + names + b"".join(sections)
