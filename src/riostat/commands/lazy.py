"""A group of commands whose modules are imported only when one of them is called."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

import click

__all__ = ["LazyGroup", "Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command is: a module that has a `command`, and its line in the group's help."""

    module: str
    summary: str


class LazyGroup(click.Group):
    """A click group that knows names and summaries of its commands without importing them."""

    def __init__(self, places: Mapping[str, Place], *, name: str, help: str) -> None:  # noqa: A002 - click calls it so
        super().__init__(name=name, help=help, no_args_is_help=True)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        """Return the names in the order in which they are declared."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click gives it
        """Import and return a command."""
        place = self._places.get(cmd_name)
        if place is None:
            return None
        command = importlib.import_module(place.module).command
        assert isinstance(command, click.Command), place
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click gives it
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in self._places.items()])
