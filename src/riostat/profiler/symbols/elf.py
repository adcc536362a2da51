"""The headers of an ELF file: its segments, sections and build-id.

Little-endian, 32 and 64 bits, as in ``elf.h`` and the System V ABI, chapter 4. A file is read
piece by piece and believed in nothing: whatever does not hold together raises `SymbolError`, and
no piece is larger than its bound.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from riostat.core.errors import SymbolError

__all__ = ["ElfFile", "Reader", "Section", "SectionType", "Segment", "image_reader"]

Reader = Callable[[int, int], bytes]
"""Reads up to that many bytes (second) from that offset (first); fewer at the end of the file."""

_FIRST_READ = 4096
_SECTIONS_MAX = 1 << 16
_SEGMENTS_MAX = 256
_SECTION_NAMES_MAX = 1 << 20
_SECTION_NAME_MAX = 64
_NOTES_MAX = 1 << 16
_BUILD_ID_MAX = 64

_HEADERS = {1: struct.Struct("<HHIIIIIHHHHHH"), 2: struct.Struct("<HHIQQQIHHHHHH")}
_SEGMENTS = {1: struct.Struct("<8I"), 2: struct.Struct("<IIQQQQQQ")}
_SECTIONS = {1: struct.Struct("<10I"), 2: struct.Struct("<IIQQQQIIQQ")}
_NOTE = struct.Struct("<III")

_PT_LOAD, _PT_NOTE = 1, 4
_PF_X = 1
_NT_GNU_BUILD_ID = 3


class SectionType:
    """SHT_*: the types of sections that are read here."""

    SYMTAB = 2
    NOTE = 7
    NOBITS = 8
    REL = 9
    DYNSYM = 11
    RELA = 4


class Segment(NamedTuple):
    """A program header: what the file says of a part of its image in memory."""

    type: int
    flags: int
    offset: int
    address: int
    file_size: int
    alignment: int

    @property
    def executable(self) -> bool:
        """Whether code may lie in it."""
        return bool(self.flags & _PF_X)


class Section(NamedTuple):
    """A section header."""

    name: bytes
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    entry_size: int


def image_reader(image: bytes) -> Reader:
    """Return a reader of a file that is in memory."""
    return lambda offset, length: image[offset : offset + length]


class ElfFile:
    """An ELF file's headers. `label` is what error messages call the file."""

    def __init__(self, read: Reader, label: str) -> None:
        self.label = label
        self._read = read
        head = read(0, _FIRST_READ)
        if head[:4] != b"\x7fELF":
            raise SymbolError(f"{label} is not an ELF file, so its functions have no names.")
        self._class = head[4] if len(head) > 4 else 0
        if self._class not in _HEADERS or head[5:6] != b"\x01":
            raise SymbolError(
                f"{label} is an ELF file of another byte order or word size; read the recording "
                "on a machine of its kind."
            )
        header = _HEADERS[self._class]
        if len(head) < 16 + header.size:
            raise SymbolError(f"{label} ends within its ELF header; install the file again.")
        values = header.unpack_from(head, 16)
        self.machine: int = values[1]
        self._section_table = (values[5], values[11], values[10])
        self._name_section: int = values[12]
        self._sections: tuple[Section, ...] | None = None
        self.segments = tuple(self._segments(head, values[4], values[9], values[8]))

    @property
    def is_64_bit(self) -> bool:
        """Whether addresses have 64 bits."""
        return self._class == 2

    def _segments(self, head: bytes, offset: int, count: int, size: int) -> Iterator[Segment]:
        layout = _SEGMENTS[self._class]
        if count == 0:
            return
        count = min(count, _SEGMENTS_MAX)
        if size != layout.size:
            raise SymbolError(
                f"{self.label} has program headers of {size} bytes instead of {layout.size}; "
                "install the file again."
            )
        end = offset + count * size
        table = head[offset:end] if end <= len(head) else self._read(offset, count * size)
        for values in layout.iter_unpack(table[: len(table) // size * size]):
            if self.is_64_bit:
                kind, flags, start, address, _, file_size, _, alignment = values
            else:
                kind, start, address, _, file_size, _, flags, alignment = values
            yield Segment(kind, flags, start, address, file_size, alignment)

    @property
    def loaded(self) -> list[Segment]:
        """The segments that are mapped from the file, those with code first."""
        segments = [part for part in self.segments if part.type == _PT_LOAD and part.file_size]
        return sorted(segments, key=lambda part: not part.executable)

    @property
    def sections(self) -> tuple[Section, ...]:
        """The section headers; none in a file that was stripped of them."""
        if self._sections is None:
            self._sections = tuple(self._read_sections())
        return self._sections

    def _read_sections(self) -> Iterator[Section]:
        offset, count, size = self._section_table
        layout = _SECTIONS[self._class]
        if offset == 0:
            return
        if size != layout.size:
            raise SymbolError(
                f"{self.label} has section headers of {size} bytes instead of {layout.size}; "
                "install the file again."
            )
        if count == 0:  # more than fit into the header's 16 bits: the first section tells
            first = self._read(offset, size)
            count = layout.unpack(first)[5] if len(first) == size else 0
        table = self._read(offset, min(count, _SECTIONS_MAX) * size)
        rows = list(layout.iter_unpack(table[: len(table) // size * size]))
        names = b""
        if self._name_section < len(rows):
            names = self._read(
                rows[self._name_section][4], min(rows[self._name_section][5], 1 << 20)
            )
        for name, kind, flags, address, start, length, link, _, _, entry_size in rows:
            title = names[name : name + _SECTION_NAME_MAX].partition(b"\0")[0]
            yield Section(title, kind, flags, address, start, length, link, entry_size)

    def section(self, name: bytes) -> Section | None:
        """Return the first section of a name."""
        return next((section for section in self.sections if section.name == name), None)

    def section_of_type(self, kind: int) -> Section | None:
        """Return the first section of a type."""
        return next((section for section in self.sections if section.type == kind), None)

    def content(self, section: Section, size_max: int) -> bytes:
        """Return the bytes of a section, fewer where the file ends; raises if it is too large."""
        if section.type == SectionType.NOBITS:
            return b""
        if section.size > size_max:
            raise SymbolError(
                f"{self.label} has a section of {section.size} bytes where at most {size_max} "
                "are read; its functions have no names."
            )
        return self._read(section.offset, section.size)

    def build_id(self) -> bytes | None:
        """Return the build-id, from the notes that segments or else sections show."""
        places = [
            (part.offset, part.file_size, part.alignment)
            for part in self.segments
            if part.type == _PT_NOTE
        ]
        for place in places or self._note_sections():
            found = self._find_build_id(*place)
            if found is not None:
                return found
        return None

    def _note_sections(self) -> list[tuple[int, int, int]]:
        return [
            (part.offset, part.size, 8 if part.name == b".note.gnu.property" else 4)
            for part in self.sections
            if part.type == SectionType.NOTE
        ]

    def _find_build_id(self, offset: int, size: int, alignment: int) -> bytes | None:
        notes = self._read(offset, min(size, _NOTES_MAX))
        step = 8 if alignment == 8 else 4
        at = 0
        while at + _NOTE.size <= len(notes):
            name_size, description_size, kind = _NOTE.unpack_from(notes, at)
            name = at + _NOTE.size
            description = name + _padded(name_size, 4)
            if kind == _NT_GNU_BUILD_ID and notes[name : name + name_size] == b"GNU\0":
                found = notes[description : description + description_size]
                whole = len(found) == description_size <= _BUILD_ID_MAX
                return found if found and whole else None
            at = name + _padded(_padded(name_size, 4) + description_size, step)
        return None


def _padded(size: int, step: int) -> int:
    return (size + step - 1) // step * step
