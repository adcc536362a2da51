"""The commands of ``riostat profile``."""

from riostat.commands.lazy import LazyGroup, Place

__all__ = ["command"]

command = LazyGroup(
    {
        "domains": Place("riostat.commands.profile.domains", "What can be sampled here, and how."),
        "record": Place(
            "riostat.commands.profile.record", "Record samples of all CPUs into a run."
        ),
        "report": Place(
            "riostat.commands.profile.report", "Shares of domains, processes, functions."
        ),
        "top": Place("riostat.commands.profile.top", "The same, live."),
        "diff": Place(
            "riostat.commands.profile.diff", "Shares that changed from one run to another."
        ),
        "export": Place("riostat.commands.profile.export", "Write a profile for another tool."),
    },
    name="profile",
    help="Find where the CPU time of every domain goes (after Xenoprof, VEE 2005).",
)
