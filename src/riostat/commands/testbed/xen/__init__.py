"""The commands of ``riostat testbed xen``."""

from riostat.commands.lazy import LazyGroup, Place

__all__ = ["command"]

command = LazyGroup(
    {
        "up": Place("riostat.commands.testbed.xen.up", "Start a Xen host in the background."),
        "run": Place("riostat.commands.testbed.xen.run", "Run a command in dom0 or in a domain."),
        "put": Place("riostat.commands.testbed.xen.put", "Copy a file into dom0 or a domain."),
        "status": Place("riostat.commands.testbed.xen.status", "The domains, and how they stand."),
        "down": Place("riostat.commands.testbed.xen.down", "End the Xen host."),
    },
    name="xen",
    help="Start a real Xen host, emulated, with domains that run.",
)
