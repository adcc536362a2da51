"""Debug files: the symbols of a stripped file, kept in a file of their own.

They are found by build-id or by the file's ``.gnu_debuglink``, where gdb looks for them (its
manual, "Debugging Information in Separate Files"); a file may also bear compressed symbols in
``.gnu_debugdata`` ("MiniDebugInfo").
"""

import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from riostat.core.errors import SymbolError
from riostat.core.text import printable
from riostat.profiler.symbols.elf import ElfFile, SectionType, image_reader
from riostat.profiler.symbols.filesystem import FileView, OpenFile
from riostat.profiler.symbols.functions import Functions, read_functions

__all__ = ["DEBUG_DIRECTORY", "debug_path", "embedded_functions", "separate_functions"]

DEBUG_DIRECTORY = "/usr/lib/debug"

_LINK_SIZE_MAX = 4096
_FILE_SIZE_MAX = 8 << 30
_DATA_SIZE_MAX = 64 << 20
_CHECKSUM_STEP = 1 << 20


def debug_path(directory: str, build_id: bytes) -> str:
    """Return where the debug file of a build-id lies under a directory of debug files."""
    digits = build_id.hex()
    return f"{directory}/.build-id/{digits[:2]}/{digits[2:]}.debug"


def separate_functions(elf: ElfFile, path: str, view: FileView, directory: str) -> Functions:
    """Return the functions that the debug file of the file at `path` names, or none."""
    build_id = elf.build_id()
    for candidate, belongs in _candidates(elf, path, directory, build_id):
        with suppress(OSError, SymbolError), view.open(candidate) as file:
            debug = ElfFile(file.reader, printable(candidate))
            functions = read_functions(debug, SectionType.SYMTAB)
            if functions.names and belongs(file, debug):
                return functions
    return Functions.empty()


_Check = Callable[[OpenFile, ElfFile], bool]


def _candidates(
    elf: ElfFile, path: str, directory: str, build_id: bytes | None
) -> Iterator[tuple[str, _Check]]:
    if build_id is not None:
        yield debug_path(directory, build_id), lambda _, debug: debug.build_id() == build_id
    name, checksum = _debug_link(elf)
    if name:
        folder = str(PurePosixPath(path).parent)
        for place in (folder, f"{folder}/.debug", f"{directory}{folder}"):
            yield f"{place}/{name}", lambda file, _: _checksum(file) == checksum


def _debug_link(elf: ElfFile) -> tuple[str, int]:
    """The file name and the checksum of ``.gnu_debuglink``; an empty name if there is none."""
    section = elf.section(b".gnu_debuglink")
    if section is None:
        return "", 0
    content = elf.content(section, _LINK_SIZE_MAX)
    name, end, _ = content.partition(b"\0")
    place = (len(name) + 4) // 4 * 4
    if not end or not name or b"/" in name or name in {b".", b".."} or len(content) < place + 4:
        return "", 0
    return os.fsdecode(name), int.from_bytes(content[place : place + 4], "little")


def _checksum(file: OpenFile) -> int | None:
    """The CRC-32 of a whole file."""
    size = file.status.st_size
    if size > _FILE_SIZE_MAX:
        return None
    checksum, read = 0, file.reader
    for offset in range(0, size, _CHECKSUM_STEP):
        checksum = zlib.crc32(read(offset, _CHECKSUM_STEP), checksum)
    return checksum


def embedded_functions(elf: ElfFile) -> Functions:
    """Return the functions that the file's own compressed symbols name, or none."""
    section = elf.section(b".gnu_debugdata")
    if section is None:
        return Functions.empty()
    try:
        import lzma
    except ImportError:  # Python can be built without it
        return Functions.empty()
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_DATA_SIZE_MAX)
    try:
        packed = elf.content(section, _DATA_SIZE_MAX)
        image = decompressor.decompress(packed, max_length=_DATA_SIZE_MAX)
        return read_functions(ElfFile(image_reader(image), elf.label), SectionType.SYMTAB)
    except (lzma.LZMAError, SymbolError):
        return Functions.empty()
