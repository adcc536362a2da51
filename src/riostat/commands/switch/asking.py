"""Asking the running switch of a data directory for something."""

from typing import TYPE_CHECKING

from riostat.core.errors import PortError
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.switch.control import Answer, Request

__all__ = ["ask_switch"]


def ask_switch(settings: Settings, request: "Request") -> "Answer":
    """Return what the switch answers; raises `SwitchError` where it refuses or none runs."""
    from riostat.switch.control import Refused, ask, control_path  # `--help` needs no msgspec

    answer = ask(control_path(settings.data), request)
    if answer is None:
        raise PortError(
            f"No switch runs with the data directory {settings.data}; start one with "
            "`riostat switch run`, or name its directory with --data."
        )
    if isinstance(answer, Refused):
        raise PortError(answer.reason)
    return answer
