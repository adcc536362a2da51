"""Groups that import a command only when it is called."""

import subprocess
import sys

import click
from click.testing import CliRunner

from riostat.commands.lazy import LazyGroup, Place
from riostat.commands.main import command


def test_names_and_summaries_need_no_import() -> None:
    group = LazyGroup({"x": Place("absent.module", "Nothing.")}, name="group", help="A group.")
    result = CliRunner().invoke(group, ["--help"])
    assert result.exit_code == 0
    assert "x  Nothing." in result.output
    assert CliRunner().invoke(group, ["y"]).exit_code == 2


def test_every_place_has_its_command() -> None:
    waiting: list[click.Command] = [command]
    names = []
    while waiting:
        found = waiting.pop()
        names.append(found.name)
        if isinstance(found, click.Group):
            context = click.Context(found)
            for name in found.list_commands(context):
                child = found.get_command(context, name)
                assert child is not None
                assert child.name == name
                waiting.append(child)
    assert len(names) > 8


def test_help_imports_no_command() -> None:
    code = "import sys; from riostat.commands.main import run; run(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "riostat.commands.runs" not in done.stdout.split()
