"""The board: counters that a worker writes and the engine reads, in memory that both have.

Words are written by one and read by the other as they stand; a sum of several may be of slightly
different moments while frames move.
"""

import mmap
import os
from typing import Self

import numpy as np
from numpy.typing import NDArray

from riostat.switch.kernels import layout as at
from riostat.switch.kernels import limits
from riostat.switch.ports import Drop, Fault, GrantCounters, QueueCounters

__all__ = ["Board"]

_BYTES = 8 * at.BOARD_FIELDS


class Board:
    """`words` i64[BOARD_FIELDS] in the memory of `descriptor`, as `kernels.layout` divides it."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.words: NDArray[np.int64] = np.frombuffer(mmap.mmap(descriptor, _BYTES), np.int64)

    @classmethod
    def create(cls) -> Self:
        """Make a board of zeros."""
        descriptor = os.memfd_create("riostat-board", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, _BYTES)
        return cls(descriptor)

    def close(self) -> None:
        """Close the descriptor; what was counted stays to be read."""
        os.close(self.descriptor)

    def stop(self) -> None:
        """Ask the worker to leave its loop for an order."""
        self.words[at.CONTROL_STOP] = 1

    def resume(self) -> None:
        """Let the worker's loop run again."""
        self.words[at.CONTROL_STOP] = 0

    @property
    def busy_ns(self) -> int:
        """How long the worker was at work in rounds that moved frames."""
        return int(self.words[at.CONTROL_BUSY_NS])

    def row(self, slot: int) -> NDArray[np.int64]:
        """Return the words of a port."""
        return self.words[slot * at.COUNT_FIELDS : (slot + 1) * at.COUNT_FIELDS]

    def fault(self, slot: int) -> Fault:
        """Return why a port is broken."""
        return Fault(int(self.row(slot)[at.COUNT_FAULT]))

    def queues(self, slot: int) -> tuple[QueueCounters, ...]:
        """Return what the queue pairs of a port carried, up to the last one in use."""
        pairs = max(int(self.row(slot)[at.COUNT_PAIRS]), 1)
        words = self.row(slot)[at.COUNT_QUEUES :].reshape(limits.PAIRS_MAX, 4)[:pairs].tolist()
        return tuple(
            QueueCounters(rx_frames=rx, rx_bytes=rx_bytes, tx_frames=tx, tx_bytes=tx_bytes)
            for rx, rx_bytes, tx, tx_bytes in words
        )

    def drops(self, slot: int) -> dict[Drop, int]:
        """Return how many frames of a port were dropped, by reason, where any were."""
        words = self.row(slot)[at.COUNT_DROPS :].tolist()
        return {drop: words[drop] for drop in Drop if words[drop]}

    def flooded(self, slot: int) -> int:
        """Return how many copies beyond the first were made of frames of a port."""
        return int(self.row(slot)[at.COUNT_FLOODED])

    def grants(self, slot: int) -> GrantCounters:
        """Return what the policy of a port did."""
        live, mapped, reused, revoked, copied = self.row(slot)[
            at.COUNT_LIVE : at.COUNT_COPIED + 1
        ].tolist()
        return GrantCounters(
            live=live, mapped=mapped, reused=reused, revoked=revoked, copied=copied
        )
