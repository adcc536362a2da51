"""The commands of ``riostat store``."""

from riostat.commands.lazy import LazyGroup, Place

__all__ = ["command"]

command = LazyGroup(
    {
        "init": Place("riostat.commands.store.init", "Make a store on directories."),
        "put": Place("riostat.commands.store.put", "Store a file."),
        "get": Place("riostat.commands.store.get", "Write an object to a file."),
        "ls": Place("riostat.commands.store.ls", "List buckets and objects."),
        "stat": Place("riostat.commands.store.stat", "Show what is known of an object."),
        "rm": Place("riostat.commands.store.rm", "Remove objects and empty buckets."),
        "status": Place("riostat.commands.store.status", "Show the disks and what they hold."),
        "scrub": Place("riostat.commands.store.scrub", "Verify and repair every block."),
        "rebuild": Place("riostat.commands.store.rebuild", "Make lost metadata anew."),
        "serve": Place("riostat.commands.store.serve", "Serve the store by S3 and plain HTTP."),
        "url": Place("riostat.commands.store.url", "An address that anybody can use for a while."),
    },
    name="store",
    help="Serve objects from unequal disks (after RIO, MM 1998).",
)
