"""A child of the switch has its name, and knows whether its parent is there."""

import os
import subprocess
import sys

_CHILD = """
import sys
from pathlib import Path
from riostat.switch.child import become_child
print(become_child(int(sys.argv[1]), "switch-child"), Path("/proc/self/comm").read_text())
"""


def _say(parent: int) -> list[str]:
    command = [sys.executable, "-c", _CHILD, str(parent)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_a_child_has_its_name_and_knows_its_parent() -> None:
    assert _say(os.getpid()) == ["True", "switch-child"]
    assert _say(os.getppid()) == ["False", "switch-child"]
