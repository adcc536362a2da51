"""The commands of ``riostat runs``."""

from riostat.commands.lazy import LazyGroup, Place

__all__ = ["command"]

command = LazyGroup(
    {
        "list": Place("riostat.commands.runs.list", "The runs there are, the newest first."),
        "show": Place("riostat.commands.runs.show", "One run: its machine, channels and state."),
        "rm": Place("riostat.commands.runs.rm", "Remove runs."),
        "export": Place("riostat.commands.runs.export", "Write a run to one file."),
    },
    name="runs",
    help="List, show, remove and export recorded runs.",
)
