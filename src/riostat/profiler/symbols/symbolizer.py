"""Finding the symbols of what was sampled, wherever they are now."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path, PurePosixPath

import numpy as np

from riostat.core.errors import SymbolError
from riostat.core.text import printable
from riostat.profiler.symbols.boot import (
    KALLSYMS,
    copied_symbols,
    copied_vdso,
    is_boot_id,
    save_kernel_symbols,
    this_boot,
    vdso_image,
)
from riostat.profiler.symbols.cache import SymbolCache
from riostat.profiler.symbols.debugfiles import (
    DEBUG_DIRECTORY,
    debug_path,
    embedded_functions,
    separate_functions,
)
from riostat.profiler.symbols.elf import ElfFile, SectionType
from riostat.profiler.symbols.filesystem import HOST, FileView, OpenFile
from riostat.profiler.symbols.functions import Functions, read_functions, table_of_functions
from riostat.profiler.symbols.kernel import KERNEL, kernel_table
from riostat.profiler.symbols.linkage import linkage_functions
from riostat.profiler.symbols.table import SymbolTable
from riostat.profiler.symbols.vdso import VDSO, vdso_table

__all__ = ["Inode", "Symbolizer"]

Inode = tuple[int, int, int]
"""The device's major and minor number and the inode's number, as a mapping shows them."""

_TABLES_MAX = 4096
_BUILD_ID_MAX = 64
_DELETED = " (deleted)"
# What maps, memfd_create(2), shmget(2) and drivers show in place of a file's path.
_NO_FILES = ("//", "/memfd:", "/SYSV", "/dev/zero", "/anon_hugepage")
_VSYSCALL_NAMES = (b"gettimeofday", b"time", b"getcpu")


class Symbolizer:
    """Gives the tables of mappings and kernels, and keeps them in memory and in `cache`.

    It never fails for the state of the world: a table without symbols says why it has none.
    """

    def __init__(self, cache: Path, *, debug_directory: str = DEBUG_DIRECTORY) -> None:
        self._directory = cache
        self._cache = SymbolCache(cache)
        self._debug_directory = debug_directory
        self._mappings: dict[tuple[str, bytes | None, Inode | None, int], SymbolTable] = {}
        self._tables: dict[str, SymbolTable] = {}

    def module(
        self,
        path: str,
        build_id: bytes | None,
        *,
        inode: Inode | None = None,
        root_pid: int | None = None,
    ) -> SymbolTable:
        """Return the functions of what a process (`root_pid`) had mapped as `path`.

        A file counts as the one that was sampled when its build-id is the recorded one, or else
        its inode is. Without it, a table of that build-id that was kept will do.
        """
        if path == VDSO:
            return self.vdso(this_boot())
        if path.startswith(KERNEL.removesuffix("]")):
            return self.kernel(os.uname().release, "", this_boot())
        if path == "[vsyscall]":
            return _vsyscall()
        if not path.startswith("/") or path.startswith(_NO_FILES):
            label = printable(path) or "[anon]"
            return SymbolTable.empty(
                label, f"{label} is memory without a file, so it has no symbols."
            )
        view = FileView.of_process(root_pid) if root_pid is not None else None
        key = (path, build_id or None, inode, view.identity if view else 0)
        if key not in self._mappings:
            if len(self._mappings) >= _TABLES_MAX:
                self._mappings.clear()
                self._tables.clear()
            self._mappings[key] = self._find(path, build_id or None, inode, view)
        return self._mappings[key]

    def _find(
        self, path: str, build_id: bytes | None, inode: Inode | None, view: FileView | None
    ) -> SymbolTable:
        place = path.removesuffix(_DELETED)
        name = _file_name(place)
        table = self._known(build_id)
        if table is not None:
            return table.renamed(name)
        reason = None
        for root in (view, HOST) if view else (HOST,):
            try:
                with root.open(place) as file:
                    return self._read(file, place, build_id, inode, root).renamed(name)
            except SymbolError as error:
                reason = str(error)
            except OSError as error:
                reason = reason or (
                    f"{printable(place)} cannot be read ({error.strerror}), so its functions have "
                    "no names; report the recording where and while the program is installed."
                )
        return SymbolTable.empty(name, reason)

    def _known(self, build_id: bytes | None) -> SymbolTable | None:
        """The table of a build-id, unless a debug file that it lacks was installed since."""
        if build_id is None or len(build_id) > _BUILD_ID_MAX:
            return None
        table = self._kept(f"elf-{build_id.hex()}")
        if table is None or table.source != "dynsym":
            return table
        debug_file = Path(debug_path(self._debug_directory, build_id))
        return None if debug_file.exists() else table

    def _kept(self, key: str) -> SymbolTable | None:
        if key not in self._tables:
            table = self._cache.load(key)
            if table is None:
                return None
            self._tables[key] = table
        return self._tables[key]

    def _read(
        self, file: OpenFile, path: str, build_id: bytes | None, inode: Inode | None, view: FileView
    ) -> SymbolTable:
        label = printable(path)
        if build_id is None and inode is not None and not _is_inode(inode, file.status):
            raise SymbolError(_replaced(label))
        elf = ElfFile(file.reader, label)
        found = elf.build_id()
        if build_id is not None and found != build_id:
            raise SymbolError(_replaced(label))
        key = f"elf-{found.hex()}" if found else _key_of_file(file.status)
        table = self._known(found) if found else self._kept(key)
        if table is None:
            table = self._decode(elf, path, view)
            self._cache.store(key, table)
            self._tables[key] = table
        return table

    def _decode(self, elf: ElfFile, path: str, view: FileView) -> SymbolTable:
        functions, source = read_functions(elf, SectionType.SYMTAB), "symtab"
        if not functions.names:
            functions, source = self._separate(elf, path, view), "debug file"
        if not functions.names:
            functions, source = embedded_functions(elf), "debug data"
        if not functions.names:
            source = "dynsym"
        functions += read_functions(elf, SectionType.DYNSYM) + linkage_functions(elf)
        table = table_of_functions(_file_name(path), source, functions, elf)
        if not len(table):
            raise SymbolError(
                f"{printable(path)} has no symbols, so its functions have no names; install its "
                "debug symbols."
            )
        return table

    def _separate(self, elf: ElfFile, path: str, view: FileView) -> Functions:
        functions = separate_functions(elf, path, view, self._debug_directory)
        if functions.names or view is HOST:
            return functions
        return separate_functions(elf, path, HOST, self._debug_directory)

    def vdso(self, boot_id: str) -> SymbolTable:
        """Return the functions of the vDSO of a boot, by offset into its mapping."""
        key = f"vdso-{boot_id}"
        if key not in self._tables:
            self._tables[key] = self._find_vdso(boot_id)
        return self._tables[key]

    def _find_vdso(self, boot_id: str) -> SymbolTable:
        if is_boot_id(boot_id):
            with suppress(OSError):
                return vdso_table(copied_vdso(self._directory, boot_id).read_bytes())
            with suppress(OSError):
                if boot_id == this_boot():
                    return vdso_table(vdso_image())
        return SymbolTable.empty(VDSO, _not_saved("vDSO", boot_id))

    def kernel(self, release: str, build_id: str, boot_id: str) -> SymbolTable:
        """Return the functions of a kernel as it was booted, by address.

        Addresses change from boot to boot, so only the symbols saved by a recording of that boot
        will do, or those of the running kernel. Release and build-id tell people which kernel.
        """
        key = f"boot-{boot_id}"
        if key not in self._tables:
            self._tables[key] = self._find_kernel(f"kernel {release} {build_id}".rstrip(), boot_id)
        return self._tables[key]

    def _find_kernel(self, kernel: str, boot_id: str) -> SymbolTable:
        with suppress(OSError):
            if is_boot_id(boot_id) and boot_id == this_boot():
                save_kernel_symbols(self._directory)
                if not copied_symbols(self._directory, boot_id).exists():
                    return kernel_table(KALLSYMS.read_bytes())
            if is_boot_id(boot_id):
                return self._copied_kernel(boot_id)
        return SymbolTable.empty(KERNEL, _not_saved(kernel, boot_id))

    def _copied_kernel(self, boot_id: str) -> SymbolTable:
        copy = copied_symbols(self._directory, boot_id)
        status = copy.stat()
        key, stamp = f"boot-{boot_id}", f"{status.st_size} {status.st_mtime_ns}"
        table = self._cache.load(key, stamp=stamp)
        if table is None:
            table = kernel_table(copy.read_bytes())
            self._cache.store(key, table, stamp=stamp)
        return table


def _file_name(path: str) -> str:
    return printable(PurePosixPath(path).name)


def _is_inode(recorded: Inode, status: os.stat_result) -> bool:
    device = (os.major(status.st_dev), os.minor(status.st_dev))
    # Overlay and btrfs have no device of their own (major 0), and show one minor number in
    # mappings and another in stat(2).
    same_device = device == recorded[:2] or device[0] == recorded[0] == 0
    return same_device and status.st_ino == recorded[2]


def _key_of_file(status: os.stat_result) -> str:
    identity = (
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )
    return f"file-{hashlib.blake2b(repr(identity).encode(), digest_size=16).hexdigest()}"


def _replaced(label: str) -> str:
    return (
        f"{label} is not the file that was sampled, so its functions have no names; report before "
        "a program is upgraded, or record again."
    )


def _not_saved(what: str, boot_id: str) -> str:
    return (
        f"The symbols of the {printable(what)} of boot {printable(boot_id) or 'unknown'} were not "
        "saved, so its functions have no names; record and report with one data directory."
    )


def _vsyscall() -> SymbolTable:
    """The emulated system calls of x86-64, which stand 1,024 bytes apart in a page of their own."""
    starts = np.arange(len(_VSYSCALL_NAMES), dtype=np.uint64) * np.uint64(1024)
    page = np.array([[0, 4096, 0]], np.uint64)
    return SymbolTable.build(
        "[vsyscall]", "kernel", starts, starts + np.uint64(1024), _VSYSCALL_NAMES, segments=page
    )
