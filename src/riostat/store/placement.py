"""Where blocks go: disks drawn at random in proportion to their weights.

Tables are those of Walker, "An efficient method for generating discrete random variables with
general distributions" (ACM TOMS 3(3), 1977), filled as Vose did (IEEE TSE 17(9), 1991), in whole
numbers, so that each disk's share is exactly its weight. What is drawn for a block depends on the
store's seed, the object version and the block's index alone.
"""

from collections.abc import Mapping, Sequence
from math import isqrt

from blake3 import blake3

__all__ = ["AliasTable", "Placement", "disk_weight"]

_DRAW = 1 << 64


class AliasTable:
    """Draws a number from 0 on, each with probability weight / sum of weights."""

    def __init__(self, weights: Sequence[int]) -> None:
        assert weights
        assert min(weights) >= 0
        self.total = sum(weights)
        assert self.total > 0
        # Column c gives c to the first `thresholds[c]` of its `total` parts, the rest to its alias.
        count = len(weights)
        self.thresholds = [weight * count for weight in weights]
        self.aliases = list(range(count))
        small = [n for n in range(count) if self.thresholds[n] < self.total]
        large = [n for n in range(count) if self.thresholds[n] > self.total]
        while small:
            poor, rich = small.pop(), large[-1]
            self.aliases[poor] = rich
            self.thresholds[rich] -= self.total - self.thresholds[poor]
            if self.thresholds[rich] <= self.total:
                large.pop()
                if self.thresholds[rich] < self.total:
                    small.append(rich)

    def draw(self, column: int, part: int) -> int:
        """Return what two independent uniform numbers of 0..2**64-1 stand for."""
        chosen = column * len(self.aliases) >> 64
        return chosen if part * self.total >> 64 < self.thresholds[chosen] else self.aliases[chosen]


class Placement:
    """Draws the disks of blocks.

    The first is drawn by weight, and for a share `replication` of the blocks a second by the
    weights of the others.
    """

    def __init__(self, weights: Mapping[int, int], *, replication: float, seed: int) -> None:
        """Take a weight for each disk by number; disks of weight 0 get nothing."""
        self._disks = [disk for disk, weight in weights.items() if weight > 0]
        self._replicated = round(replication * _DRAW)
        self._seed = seed.to_bytes(8, "little")
        kept = [weights[disk] for disk in self._disks]
        self._first = AliasTable(kept) if kept else None
        self._second = {
            disk: AliasTable([0 if other == disk else weights[other] for other in self._disks])
            for disk in self._disks
            if len(self._disks) > 1
        }

    @property
    def disks(self) -> tuple[int, ...]:
        """The disks that blocks can go to."""
        return tuple(self._disks)

    def copies(self, version: str, index: int) -> int:
        """Return how many copies a block is to have."""
        return 2 if self._numbers(version, index)[0] < self._replicated else 1

    def draw(self, version: str, index: int, *, replicated: bool = False) -> tuple[int, ...]:
        """Return the disks of a block, by choice always two of them; () where too few are left."""
        copy, *draws = self._numbers(version, index)
        if self._first is None:
            return ()
        first = self._disks[self._first.draw(draws[0], draws[1])]
        if not replicated and copy >= self._replicated:
            return (first,)
        if first not in self._second:
            return ()
        return first, self._disks[self._second[first].draw(draws[2], draws[3])]

    def _numbers(self, version: str, index: int) -> list[int]:
        """Return five uniform numbers of 0..2**64-1 that belong to a block."""
        key = self._seed + bytes.fromhex(version) + index.to_bytes(8, "little")
        numbers = blake3(key).digest(length=40)
        return [int.from_bytes(numbers[n : n + 8], "little") for n in range(0, 40, 8)]


def disk_weight(*, bandwidth_bps: int, free_slots: int) -> int:
    """Return the weight of a disk: the geometric mean of its bandwidth and its free space.

    By bandwidth alone a fast small disk would be full first, by space alone a large slow one
    would hold most blocks that have one copy only.
    """
    return isqrt(bandwidth_bps * free_slots)
