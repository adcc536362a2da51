"""What a process uses is read from /proc."""

import os
import subprocess
import sys

from riostat.console.usage import process_use


def test_this_process_uses_something() -> None:
    use = process_use(os.getpid())
    assert use is not None
    assert use.cpu_seconds > 0
    assert use.memory_bytes > 1 << 20


def test_a_name_with_parentheses_is_read() -> None:
    program = "import ctypes; ctypes.CDLL(None).prctl(15, b') 1 (2 )'); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program + "; print()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process_use(process.pid) is not None
        process.communicate(b"\n")


def test_a_process_that_is_not_there_uses_nothing() -> None:
    assert process_use(1 << 30) is None
