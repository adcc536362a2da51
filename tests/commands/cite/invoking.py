"""Running riostat cite as its user does."""

import os
import subprocess
import sys
from pathlib import Path

from tests.commands.profile.invoking import refusal

__all__ = ["refusal", "riostat"]


def riostat(
    data: Path, *arguments: str, text: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command of riostat cite in this directory, its data directory, and return its end."""
    return subprocess.run(
        [sys.executable, "-m", "riostat", "cite", *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=data,
        env=os.environ | {"RIOSTAT_DATA": str(data)},
    )
