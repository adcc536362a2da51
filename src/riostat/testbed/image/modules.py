"""Kernel modules and what they depend on, in the order in which they load.

Source: the section ``.modinfo`` of each module (include/linux/moduleinfo.h), ``modules.builtin``
of the kernel; depmod's files are not needed.
"""

import lzma
import posixpath
from collections.abc import Iterable, Iterator
from functools import cached_property

from riostat.core.errors import ImageError
from riostat.core.text import printable
from riostat.testbed.image.elf import read_section
from riostat.testbed.packages.tree import PackageTree

__all__ = ["KernelModules", "canonical"]

_SUFFIXES = (".ko", ".ko.xz")
_MODULE_BYTES_MAX = 64 << 20
# Where the modules are that others ask for by what they provide, such as an algorithm.
_PROVIDERS = ("kernel/arch/", "kernel/crypto/", "kernel/lib/")


def canonical(name: str) -> str:
    """Return a module's name as the kernel has it: with underscores."""
    return name.replace("-", "_")


class KernelModules:
    """The modules of one kernel, of which a package has exactly one."""

    def __init__(self, tree: PackageTree) -> None:
        """Look at the modules in the tree of a kernel's package; raises `PackageError`."""
        self._tree = tree
        builtin = tree.only("*lib/modules/*/modules.builtin")
        self._folder = posixpath.dirname(builtin)
        self.release = posixpath.basename(self._folder)
        lines = tree.read(builtin).decode(errors="replace").splitlines()
        self._builtin = {_name(line) for line in lines}
        self._paths = {
            _name(path): path
            for path in tree.paths(f"{self._folder}/kernel/*")
            if path.endswith(_SUFFIXES)
        }
        self._content: dict[str, bytes] = {}

    def closure(self, names: Iterable[str]) -> list[tuple[str, bytes]]:
        """Return modules and all that they depend on, those first that others need.

        Each comes with its content, uncompressed. What is built into the kernel is left out.
        Raises `ImageError` for a name that the kernel does not have.
        """
        order: dict[str, bytes] = {}
        entered: set[str] = set()

        def visit(name: str) -> None:
            if name in entered:
                return
            entered.add(name)
            content = self._read(name)
            information = _information(content, name)
            for other in _soft(information):
                found = self._provider(other)
                if found is not None:
                    visit(found)
            for other in _depends(information):
                if canonical(other) not in self._builtin:
                    visit(canonical(other))
            order[name] = content

        for name in names:
            if canonical(name) not in self._builtin:
                visit(canonical(name))
        return list(order.items())

    def _read(self, name: str) -> bytes:
        if name not in self._content:
            path = self._paths.get(name)
            if path is None:
                raise ImageError(
                    f"The kernel {self.release} has no module {printable(name)!r}; correct the "
                    "name, or choose another kernel."
                )
            self._content[name] = _uncompressed(self._tree.read(path), path)
        return self._content[name]

    def _provider(self, name: str) -> str | None:
        """Return the module that a soft dependency means, by its name or an alias; or None."""
        name = canonical(name)
        if name in self._builtin:
            return None
        return name if name in self._paths else self._aliases.get(name)

    @cached_property
    def _aliases(self) -> dict[str, str]:
        places = tuple(f"{self._folder}/{place}" for place in _PROVIDERS)
        aliases: dict[str, str] = {}
        for name, path in sorted(self._paths.items()):
            if path.startswith(places):
                for key, value in _information(self._read(name), name):
                    if key == "alias":
                        aliases.setdefault(canonical(value), name)
        return aliases


def _name(path: str) -> str:
    return canonical(posixpath.basename(path).partition(".ko")[0])


def _uncompressed(content: bytes, path: str) -> bytes:
    if not path.endswith(".xz"):
        return content
    decompressor = lzma.LZMADecompressor()
    try:
        module = decompressor.decompress(content, _MODULE_BYTES_MAX)
    except lzma.LZMAError as error:
        raise ImageError(
            f"The module {path} is damaged ({error}); get its kernel's package again."
        ) from error
    if not decompressor.eof:
        raise ImageError(
            f"The module {path} has more than {_MODULE_BYTES_MAX} bytes; use another kernel."
        )
    return module


def _information(module: bytes, name: str) -> list[tuple[str, str]]:
    """Return the entries of a module's section .modinfo."""
    entries = read_section(module, ".modinfo", name).split(b"\0")
    pairs = (entry.decode(errors="replace").partition("=") for entry in entries if entry)
    return [(key, value) for key, _, value in pairs]


def _depends(information: Iterable[tuple[str, str]]) -> Iterator[str]:
    for key, value in information:
        if key == "depends":
            yield from (name for name in value.split(",") if name)


def _soft(information: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield what should be loaded before, as ``softdep=pre: a b post: c`` says."""
    for key, value in information:
        if key == "softdep":
            yield from value.partition("post:")[0].replace("pre:", " ").split()
