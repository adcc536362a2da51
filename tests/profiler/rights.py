"""Running something as root, or as a user without rights."""

import os
import shutil
from collections.abc import Sequence

import pytest

__all__ = ["NOBODY", "needs_root", "unprivileged"]

NOBODY = 65534

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv"
)


def unprivileged(command: Sequence[str]) -> list[str]:
    """Return the command as one of a user without rights, who can however read every file.

    Python may be installed where nobody else looks.
    """
    keep = "-all,+dac_read_search"
    user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return ["setpriv", *user, f"--inh-caps={keep}", f"--ambient-caps={keep}", *command]
