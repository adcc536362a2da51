"""A fixed amount of work on every CPU: ``python -m riostat.claims.work LOOPS``.

Prints the wall-clock seconds that the slowest CPU took for it. Nothing heavy is imported: what is
compared is the work alone, which begins on all CPUs together.
"""

import os
import struct
import sys
import time

__all__ = ["seconds_of"]

_SECONDS = struct.Struct("<d")


def seconds_of(loops: int) -> float:
    """Do the work on each CPU that this process may use; return what the slowest took."""
    begin, end = os.pipe()
    results, write = os.pipe()
    cpus = sorted(os.sched_getaffinity(0))
    children = []
    for cpu in cpus:
        child = os.fork()
        if child == 0:
            os.sched_setaffinity(0, {cpu})
            os.close(end)
            os.read(begin, 1)  # ends when nobody holds the other end any more
            os.write(write, _SECONDS.pack(_spin(loops)))
            os._exit(0)
        children.append(child)
    os.close(end)
    for child in children:
        os.waitpid(child, 0)
    data = os.read(results, _SECONDS.size * len(cpus))
    return max(float(seconds) for (seconds,) in _SECONDS.iter_unpack(data))


def _spin(loops: int) -> float:
    started = time.perf_counter()
    value = 1
    for _ in range(loops):
        value = (value * 1103515245 + 12345) & 0x7FFFFFFF
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.stdout.write(f"{seconds_of(int(sys.argv[1]))}\n")
