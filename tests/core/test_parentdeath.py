"""A process ends with the one that started it."""

import subprocess
import sys

DIES_WITH_PARENT = """
import os, signal
from riostat.core.parentdeath import die_with_parent
read, write = os.pipe()
middle = os.fork()
if middle == 0:
    child = os.fork()
    if child == 0:
        parent = os.getppid()
        assert die_with_parent(parent)
        assert not die_with_parent(parent + 1)
        os.write(write, b"armed")
        signal.pause()
    assert os.read(read, 5) == b"armed"
    os._exit(0)
os.close(write)
assert os.waitpid(middle, 0)[1] == 0
assert os.read(read, 1) == b""  # nobody holds the other end any more
"""


def test_a_process_dies_with_its_parent() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DIES_WITH_PARENT],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
