"""The commands of ``riostat testbed``."""

from riostat.commands.lazy import LazyGroup, Place

__all__ = ["command"]

command = LazyGroup(
    {
        "doctor": Place("riostat.commands.testbed.doctor", "What this machine can run."),
        "packages": Place(
            "riostat.commands.testbed.packages", "Kernels, Xen and programs in the cache."
        ),
        "image": Place("riostat.commands.testbed.image", "Write a kernel and an initramfs."),
        "guest": Place("riostat.commands.testbed.guest", "Start a guest."),
        "run": Place("riostat.commands.testbed.run", "Run a command in a guest."),
        "put": Place("riostat.commands.testbed.put", "Copy a file into a guest."),
        "get": Place("riostat.commands.testbed.get", "Copy a file out of a guest."),
        "list": Place("riostat.commands.testbed.list", "List the machines that run."),
        "down": Place("riostat.commands.testbed.down", "End a machine."),
        "xen": Place("riostat.commands.testbed.xen", "A real Xen host with domains that run."),
        "disks": Place("riostat.commands.testbed.disks", "Make disks of unequal speed."),
        "clean": Place("riostat.commands.testbed.clean", "Remove what dead testbeds have left."),
    },
    name="testbed",
    help="Start real guests, real Xen, networks and disks.",
)
