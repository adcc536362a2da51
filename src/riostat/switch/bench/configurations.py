"""What the bench compares: how a device's queues are divided, and how guests' pages are reached.

The four that Ram et al. (VEE 2009, section 5) compare, and two more policies beside them.
"""

from dataclasses import dataclass
from typing import Final

from riostat.switch.ports import Policy

__all__ = ["CONFIGURATIONS", "Configuration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One way to get frames from a device to guests; `frames` take about half a second.

    With `per_guest` the device has a queue for each guest and delivers into its posted buffers,
    else the driver domain looks at the address and copies.
    """

    name: str
    policy: Policy
    per_guest: bool
    frames: int

    @property
    def queues(self) -> str:
        """The division of queues as the configuration file of a switch has it."""
        return "per-guest" if self.per_guest else "shared"


CONFIGURATIONS: Final = (
    Configuration(name="baseline", policy=Policy.MAP, per_guest=False, frames=60_000),
    Configuration(name="multiqueue", policy=Policy.MAP, per_guest=True, frames=60_000),
    Configuration(name="reuse", policy=Policy.REUSE, per_guest=False, frames=1_000_000),
    Configuration(name="both", policy=Policy.REUSE, per_guest=True, frames=1_000_000),
    Configuration(name="copy", policy=Policy.COPY, per_guest=False, frames=500_000),
    Configuration(name="map_batch", policy=Policy.MAP_BATCH, per_guest=False, frames=100_000),
)
