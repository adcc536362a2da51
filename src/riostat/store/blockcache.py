"""Verified blocks in memory, the least recently used of which make room for others."""

import threading
from collections import OrderedDict

__all__ = ["BLOCK_OVERHEAD", "BlockCache"]

BLOCK_OVERHEAD = 8192
"""What a block takes beside its bytes: its slot's header, which it was read with, and the rest of
its last page."""


class BlockCache:
    """Blocks by version and index, of at most `capacity_bytes` together with their overhead."""

    def __init__(self, capacity_bytes: int) -> None:
        self.capacity_bytes = capacity_bytes
        self.hits = 0
        self.misses = 0
        self._lock = threading.Lock()
        self._blocks: OrderedDict[tuple[str, int], memoryview] = OrderedDict()
        self._bytes = 0

    def get(self, version: str, index: int) -> memoryview | None:
        """Return a block, None where it is not here."""
        with self._lock:
            block = self._blocks.get((version, index))
            if block is None:
                self.misses += 1
                return None
            self.hits += 1
            self._blocks.move_to_end((version, index))
            return block

    def put(self, version: str, index: int, block: memoryview) -> None:
        """Keep a block, and let go of the oldest where there are too many."""
        with self._lock:
            size = len(block) + BLOCK_OVERHEAD
            if size > self.capacity_bytes or (version, index) in self._blocks:
                return
            self._blocks[version, index] = block
            self._bytes += size
            while self._bytes > self.capacity_bytes:
                _, oldest = self._blocks.popitem(last=False)
                self._bytes -= len(oldest) + BLOCK_OVERHEAD
