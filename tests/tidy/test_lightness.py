"""What a command loads before it does anything, and what the recording path loads at all."""

import subprocess
import sys

import pytest

_HELP_OF_ALL = """
import click
from riostat.commands.main import command
def load(command, context):
    command.get_help(context)
    for name in getattr(command, "list_commands", lambda _: [])(context):
        child = command.get_command(context, name)
        load(child, click.Context(child, parent=context))
load(command, click.Context(command))
"""


def _loaded(program: str, packages: set[str]) -> set[str]:
    """Which of `packages` a new Python has loaded after `program`."""
    report = f"\nimport sys\nprint(*({packages!r} & sys.modules.keys()))"
    run = subprocess.run(
        [sys.executable, "-c", program + report], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


@pytest.mark.parametrize(
    ("program", "heavy"),
    [
        ("import riostat", {"numba", "lxml", "numpy", "msgspec"}),
        ("import riostat.commands.main", {"numba", "lxml", "numpy", "starlette"}),
        (_HELP_OF_ALL, {"numba", "lxml", "numpy", "starlette"}),
        ("import riostat.core.writer", {"numba", "numpy", "msgspec"}),
        ("import riostat.profiler.recorder", {"numba", "numpy"}),
    ],
    ids=["package", "command", "help", "writer", "recorder"],
)
def test_nothing_heavy_is_loaded(program: str, heavy: set[str]) -> None:
    assert _loaded(program, heavy) == set()


def test_the_checker_sees_what_is_loaded() -> None:
    assert _loaded("import json", {"json", "numba"}) == {"json"}
