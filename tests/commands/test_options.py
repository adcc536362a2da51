"""Flags of settings."""

from pathlib import Path

import click
from click.testing import CliRunner

from riostat.commands.options import json_option, settings_options
from riostat.core.settings import Settings


@click.command()
@json_option
@settings_options("data", "port")
def show(settings: Settings, *, as_json: bool) -> None:
    """Print what came in."""
    click.echo(f"{settings.data} {settings.port} {as_json}")


def test_flags_become_settings(tmp_path: Path) -> None:
    arguments = ["--data", str(tmp_path), "--port", "99", "--json"]
    assert CliRunner().invoke(show, arguments).output == f"{tmp_path} 99 True\n"


def test_help_names_the_environment_variable() -> None:
    help_text = CliRunner().invoke(show, ["--help"]).output
    assert "--data DIR" in help_text
    assert "[RIOSTAT_PORT]" in help_text
