"""The commands of ``riostat switch``."""

from riostat.commands.lazy import LazyGroup, Place

__all__ = ["command"]

command = LazyGroup(
    {
        "run": Place("riostat.commands.switch.run", "Run a switch until Ctrl-C."),
        "status": Place("riostat.commands.switch.status", "How the running switch stands."),
        "attach": Place("riostat.commands.switch.attach", "Open a port of the running switch."),
        "detach": Place("riostat.commands.switch.detach", "Close a port of the running switch."),
        "bench": Place(
            "riostat.commands.switch.bench", "What multi-queue devices and grant reuse are worth."
        ),
        "policy": Place(
            "riostat.commands.switch.policy", "Change how a guest's pages are reached."
        ),
    },
    name="switch",
    help="Move frames between guests, over shared rings and grants.",
)
