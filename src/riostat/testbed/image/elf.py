"""What a program or shared library needs before it runs: ELF's dynamic section, for x86-64.

Source: the System V ABI, its AMD64 supplement, and elf(5).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from riostat.core.errors import ImageError

__all__ = ["Needs", "is_elf", "is_x86_64", "read_needs", "read_section"]

_MAGIC = b"\x7fELF"
_CLASS_64 = 2
_LITTLE_ENDIAN = 1
_MACHINE_X86_64 = 62
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 15, 29
_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = (
    0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF,
)  # fmt: skip
_HEADER = struct.Struct("<16xHHIQQQIHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_DYNAMIC = struct.Struct("<qQ")
_SECTIONS = struct.Struct("<40xQIHHHHHH")  # in the header
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SEGMENTS_MAX = 256
_DYNAMIC_MAX = 4096
_NAME_MAX = 4096
_VERNEED, _VERNAUX = struct.Struct("<HHIII"), struct.Struct("<IHHII")
_VERDEF, _VERDAUX = struct.Struct("<HHHHIII"), struct.Struct("<II")
_VERSIONS_MAX = 4096
_WEAK = 2


@dataclass(frozen=True, slots=True)
class Needs:
    """The loader of a program, the libraries that it names, and where it has them looked for.

    `versions` are those of symbols that it needs, each with the library that must provide it, and
    `provided` those that it provides itself.
    """

    interpreter: str = ""
    libraries: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    provided: frozenset[str] = frozenset()


def is_elf(content: bytes) -> bool:
    """Tell whether a file is a program, a library or an object file."""
    return content.startswith(_MAGIC)


def is_x86_64(header: bytes) -> bool:
    """Tell whether the first 64 bytes of a file are those of an ELF file for x86-64."""
    if len(header) < _HEADER.size or not is_elf(header):
        return False
    is_class = header[4] == _CLASS_64 and header[5] == _LITTLE_ENDIAN
    return is_class and _HEADER.unpack_from(header)[1] == _MACHINE_X86_64


def read_needs(content: bytes, name: str) -> Needs:
    """Return what an ELF file needs; nothing, where it is linked statically.

    `name` stands in messages. Raises `ImageError` where it is for another machine, or damaged.
    """
    try:
        return _read(content, name)
    except (struct.error, ValueError, OverflowError) as error:
        raise ImageError(
            f"{name} is a damaged program or library ({error}); build or get it again."
        ) from error


def read_section(content: bytes, section: str, name: str) -> bytes:
    """Return the content of a section, empty where there is none.

    `name` stands in messages. Raises `ImageError` where the file is damaged.
    """
    try:
        return _section(content, section)
    except (struct.error, ValueError, OverflowError) as error:
        raise ImageError(
            f"{name} is a damaged kernel module ({error}); get its package again."
        ) from error


def _section(content: bytes, section: str) -> bytes:
    at, _, _, _, _, size, count, names = _SECTIONS.unpack_from(content)
    if not is_elf(content) or size < _SECTION.size or names >= count:
        raise ValueError("its table of sections cannot be")
    headers = [_SECTION.unpack_from(content, at + size * i) for i in range(count)]
    table = headers[names][4]
    for label, _, _, _, begin, length, *_ in headers:
        if _string(content, table + label) == section:
            return content[begin : begin + length]
    return b""


def _read(content: bytes, name: str) -> Needs:
    _, _, _, _, segments_at, _, _, _, size, count = _HEADER.unpack_from(content)
    if not is_x86_64(content):
        raise ImageError(
            f"{name} is a program or library for another machine, and guests are x86-64; build it "
            "for x86-64."
        )
    if count > _SEGMENTS_MAX or size < _SEGMENT.size:
        raise ValueError("its table of segments cannot be")
    segments = [_SEGMENT.unpack_from(content, segments_at + size * i) for i in range(count)]
    interpreter = ""
    dynamic: list[tuple[int, int]] = []
    for kind, _, at, _, _, length, _, _ in segments:
        if kind == _PT_INTERP:
            interpreter = _string(content, at)
        elif kind == _PT_DYNAMIC:
            dynamic = _entries(content, at, length)
    strings = next((value for tag, value in dynamic if tag == _DT_STRTAB), None)
    if strings is None:
        return Needs(interpreter)
    table = _offset(segments, strings)
    libraries = [_string(content, table + value) for tag, value in dynamic if tag == _DT_NEEDED]
    paths = [
        path
        for tag, value in dynamic
        if tag in {_DT_RPATH, _DT_RUNPATH}
        for path in _string(content, table + value).split(":")
        if path
    ]
    versions, provided = _needed_versions, _provided_versions
    return Needs(
        interpreter,
        tuple(libraries),
        tuple(paths),
        tuple(versions(content, segments, dict(dynamic), table)),
        frozenset(provided(content, segments, dict(dynamic), table)),
    )


def _needed_versions(
    content: bytes, segments: list[tuple[int, ...]], dynamic: dict[int, int], table: int
) -> Iterator[tuple[str, str]]:
    if _DT_VERNEED not in dynamic:
        return
    at = _offset(segments, dynamic[_DT_VERNEED])
    for _ in range(min(dynamic.get(_DT_VERNEEDNUM, 0), _VERSIONS_MAX)):
        _, count, library, first, following = _VERNEED.unpack_from(content, at)
        entry = at + first
        for _ in range(min(count, _VERSIONS_MAX)):
            _, flags, _, name, further = _VERNAUX.unpack_from(content, entry)
            if not flags & _WEAK:
                yield _string(content, table + library), _string(content, table + name)
            entry += further
        at += following


def _provided_versions(
    content: bytes, segments: list[tuple[int, ...]], dynamic: dict[int, int], table: int
) -> Iterator[str]:
    if _DT_VERDEF not in dynamic:
        return
    at = _offset(segments, dynamic[_DT_VERDEF])
    for _ in range(min(dynamic.get(_DT_VERDEFNUM, 0), _VERSIONS_MAX)):
        _, _, _, _, _, first, following = _VERDEF.unpack_from(content, at)
        name, _ = _VERDAUX.unpack_from(content, at + first)
        yield _string(content, table + name)
        at += following


def _entries(content: bytes, at: int, length: int) -> list[tuple[int, int]]:
    entries = []
    for i in range(min(length // _DYNAMIC.size, _DYNAMIC_MAX)):
        tag, value = _DYNAMIC.unpack_from(content, at + i * _DYNAMIC.size)
        if tag == _DT_NULL:
            break
        entries.append((tag, value))
    return entries


def _offset(segments: list[tuple[int, ...]], address: int) -> int:
    for kind, _, at, virtual, _, length, _, _ in segments:
        if kind == _PT_LOAD and virtual <= address < virtual + length:
            return address - virtual + at
    raise ValueError("its names are in no segment")


def _string(content: bytes, at: int) -> str:
    end = content.find(b"\0", at, at + _NAME_MAX)
    if end < 0:
        raise ValueError("a name in it does not end")
    return content[at:end].decode()
