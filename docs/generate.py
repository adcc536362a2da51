"""Writes the reference pages from the code: the help of every command, and every setting.

``make docs`` runs it; the tidy test fails when a page no longer says what the code says.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from riostat.commands.main import command as riostat
from riostat.core.settings import SETTINGS, Setting

__all__ = ["REFERENCE", "commands", "pages"]

REFERENCE = Path(__file__).resolve().parent / "reference"

_HELP_COLUMNS = 90


def commands(
    command: click.Command, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield a context for `command`, and for each command below it, in the order of the help."""
    name = "riostat" if parent is None else command.name
    context = click.Context(
        command, parent, info_name=name, terminal_width=_HELP_COLUMNS, color=False
    )
    yield context
    if isinstance(command, click.Group):
        for child_name in command.list_commands(context):
            child = command.get_command(context, child_name)
            assert child is not None, child_name
            if not child.hidden:
                yield from commands(child, context)


def _commands_page() -> str:
    parts = ["# Commands\n\nWhat `--help` says, for each command.\n"]
    for context in commands(riostat):
        level = "#" * (2 + context.command_path.count(" "))
        parts.append(f"{level} {context.command_path}\n\n```text\n{context.get_help()}\n```\n")
    return "\n".join(parts)


def _setting_row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else ""
    return f"| `{setting.name}` | `{setting.environment}` | {default} | {setting.help} |\n"


def _settings_page() -> str:
    head = """\
# Settings

A flag comes before the environment variable, which comes before `riostat.toml`, which comes
before the default. `riostat.toml` is looked for in the current directory, then in
`$XDG_CONFIG_HOME/riostat`; it holds the names of the first column.

| name | environment variable | default | meaning |
|---|---|---|---|
"""
    return head + "".join(map(_setting_row, SETTINGS))


def pages() -> dict[Path, str]:
    """Return what each generated page has to say, by its path."""
    return {
        REFERENCE / "commands.md": _commands_page(),
        REFERENCE / "settings.md": _settings_page(),
    }


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text)
