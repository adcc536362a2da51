"""The commands of ``riostat claims``."""

from riostat.commands.lazy import LazyGroup, Place

__all__ = ["command"]

command = LazyGroup(
    {
        "list": Place("riostat.commands.claims.list", "The claims, and the last verdict on each."),
        "run": Place("riostat.commands.claims.run", "Put claims to the test on this machine."),
        "report": Place("riostat.commands.claims.report", "Write the verdicts as a document."),
    },
    name="claims",
    help="Test what the papers say, on this machine.",
)
