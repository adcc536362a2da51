"""Where the machine code of kernels lies in this process, for profiles to name it.

numba says where a function begins and not where it ends: it ends where the next one begins, or its
page's mapping does. What is left out: functions of numba and LLVM that kernels call.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["perf_map_of_kernels"]

_EXECUTABLE = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) ..x. ", re.MULTILINE)
_FUNCTION_BYTES_MAX = 1 << 16


def perf_map_of_kernels(modules: Iterable[ModuleType]) -> bytes:
    """Return the compiled functions of modules as the text of a perf map.

    Functions are named MODULE.NAME, without ``riostat.``; only what is compiled is there.
    """
    starts: dict[int, str] = {}
    for module in modules:
        for kernel in vars(module).values():
            for compiled in getattr(kernel, "overloads", {}).values():
                starts |= _addresses(compiled)
    maps = Path("/proc/self/maps").read_bytes()
    mapped = sorted((int(begin, 16), int(end, 16)) for begin, end in _EXECUTABLE.findall(maps))
    lines = []
    for start, after in pairwise([*sorted(starts), 1 << 64]):
        place = bisect_right(mapped, (start, 1 << 64)) - 1
        end = min(after, mapped[place][1], start + _FUNCTION_BYTES_MAX) if place >= 0 else start
        if end > start:
            lines.append(f"{start:x} {end - start:x} {starts[start]}\n")
    return "".join(lines).encode()


def _addresses(compiled: Any) -> dict[int, str]:
    """Return where numba put a function and its wrappers, which Python and C call."""
    told = compiled.fndesc
    name = f"{told.modname.removeprefix('riostat.')}.{told.qualname}"
    symbols = (
        told.llvm_func_name, told.llvm_cpython_wrapper_name, told.llvm_cfunc_wrapper_name
    )  # fmt: skip
    found = {compiled.library.get_pointer_to_function(symbol): name for symbol in symbols}
    found.pop(0, None)
    return found
