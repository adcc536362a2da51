"""Names for the machine code of kernels, in a process that compiles them."""

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from pathlib import Path
from riostat.core.kernelcache import import_kernels
from riostat.core.kernelsymbols import perf_map_of_kernels

import numpy as np
kernels = import_kernels("riostat.profiler.kernels", Path(sys.argv[1]))
assert perf_map_of_kernels([kernels]) == b""
offsets, frames = np.zeros(1, np.int64), np.zeros(1, np.uint64)
kernels.rehash(0, np.uint64(1), np.full(2, -1, np.int32), offsets, frames)
print(perf_map_of_kernels([kernels]).decode(), end="")
print(Path("/proc/self/maps").read_text())
"""


def test_what_is_compiled_is_named_and_lies_in_executable_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CODE, str(tmp_path)]
    for _ in ("compiled", "from the cache"):
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        lines = output.splitlines()
        functions = [line.split(" ", 2) for line in lines if line.endswith("kernels.rehash")]
        assert {name for *_, name in functions} == {"profiler.kernels.rehash"}
        executable = [
            tuple(int(end, 16) for end in line.split(" ")[0].split("-"))
            for line in lines
            if " r-xp " in line or " rwxp " in line
        ]
        for start, size, _ in functions:
            begin, end = int(start, 16), int(start, 16) + int(size, 16)
            assert any(low <= begin < end <= high for low, high in executable)
