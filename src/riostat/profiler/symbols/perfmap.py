"""Perf maps: what programs that compile at run time say of their code.

Such a program writes ``/tmp/perf-PID.map``, and perf reads it (``tools/perf/Documentation/
jit-interface.txt`` of the kernel's sources): a line for each function, its address and size in
hexadecimal and its name. Of lines for one address the last counts.
"""

import re

import numpy as np

from riostat.profiler.symbols.table import SymbolTable

__all__ = ["JIT", "perf_map_table"]

JIT = "[jit]"

_LINE = re.compile(
    rb"^(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,8}) (\S.*)$", re.MULTILINE | re.IGNORECASE
)
_FUNCTIONS_MAX = 1 << 20


def perf_map_table(text: bytes) -> SymbolTable:
    """Return the functions of a perf map, by address; lines of another form are passed over."""
    functions = {
        int(start, 16): (int(size, 16), name.rstrip())
        for (start, size, name), _ in zip(_LINE.findall(text), range(_FUNCTIONS_MAX), strict=False)
    }
    starts = sorted(start for start, (size, _) in functions.items() if start + size < 1 << 64)
    return SymbolTable.build(
        JIT,
        "perf map",
        np.array(starts, np.uint64),
        np.array([start + functions[start][0] for start in starts], np.uint64),
        [functions[start][1] for start in starts],
    )
