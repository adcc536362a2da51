"""Options that many commands share."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from riostat.core.settings import SETTINGS, process_settings

__all__ = ["RUN_HELP", "SPAN_HELP", "json_option", "settings_options"]

RUN_HELP = "Name of a run, the beginning of one, a path with a slash, or `latest`."
SPAN_HELP = f"{RUN_HELP[:-1]}; with seconds from its start, a span of it, as in latest@2..5."

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON on standard output."
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def settings_options(*names: str) -> Callable[[Command], Callable[..., Any]]:
    """Give a command flags for these settings; it is called with the `settings` in force."""

    def decorate(command: Command) -> Callable[..., Any]:
        @wraps(command)
        def with_settings(**arguments: Any) -> Any:
            flags = {name: arguments.pop(name) for name in names}
            return command(settings=process_settings(flags), **arguments)

        decorated: Callable[..., Any] = with_settings
        for name in reversed(names):
            setting = _BY_NAME[name]
            decorated = click.option(
                f"--{name.replace('_', '-')}",
                name,
                metavar=setting.metavar,
                help=f"{setting.help} [{setting.environment}]",
            )(decorated)
        return decorated

    return decorate
