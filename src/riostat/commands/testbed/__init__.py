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
        "disks": Place("riostat.commands.testbed.disks", "Make disks of unequal speed."),
        "clean": Place("riostat.commands.testbed.clean", "Remove what dead testbeds have left."),
    },
    name="testbed",
    help="Start real guests, real Xen, networks and disks.",
)
