"""The data plane of one worker: its ports, their rings and memory, and the kernels that serve them.

Nothing here runs while the kernels do: an order parks the loop, is carried out between two
batches, and the loop goes on.
"""

import mmap
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riostat.core.errors import GuestError
from riostat.core.kernelcache import import_kernels
from riostat.core.kernelsymbols import perf_map_of_kernels
from riostat.switch.board import Board
from riostat.switch.guestmemory import GuestMemory, MappedRing, address_of
from riostat.switch.kernels import codes, limits
from riostat.switch.kernels import layout as at
from riostat.switch.orders import (
    Attach,
    Detach,
    Disable,
    Enable,
    Link,
    MeasureCopy,
    Order,
    Ready,
    SetCall,
    SetMemory,
    SetPolicy,
    Teach,
    TellFunctions,
    Transmit,
)
from riostat.switch.planeport import (
    KINDS,
    POLICIES,
    PlanePort,
    describe,
    describe_device,
    map_ring,
    regions_of,
)
from riostat.switch.ports import PAIRS_MAX, Policy, PortKind

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Plane"]


class Plane:
    """The arrays of a worker's kernels, and the orders that change them."""

    def __init__(self, board: Board, alarm: int, kernels: Path) -> None:
        load = import_kernels
        self._loop = load("riostat.switch.kernels.worker", kernels)
        self._grants = load("riostat.switch.kernels.grants", kernels)
        self._addresses = load("riostat.switch.kernels.table", kernels)
        self._device = load("riostat.switch.kernels.device", kernels)
        self.board = board
        self.state = np.zeros(at.STATE_FIELDS, np.int64)
        self.table = np.zeros(3 * self._addresses.SLOTS, np.int64)
        self._ports: dict[int, PlanePort] = {}
        self._memory = self._scratch(alarm)
        self._arrange_rows()

    def warm_up(self) -> None:
        """Have every kernel compiled, or loaded, before the first frame comes."""
        arrays = (self.state, self.board.words)
        self.board.stop()
        self._loop.serve(*arrays, self.table, 0)
        self.board.resume()
        self._loop.fall_asleep(*arrays)
        self._loop.wake_up(*arrays)
        self._loop.used_index(self.state.ctypes.data)
        self._grants.revoke(*arrays, 0)
        self._addresses.forget(self.table, 0)
        self._addresses.learn(np.zeros_like(self.table), 0, 0, 0, 1)
        place = self.state[at.STAGE_ADDRESS]
        self._device.copy_templates(int(place), 1, int(place), 1, 0, 0)

    @property
    def was_compiled(self) -> bool:
        """Whether a kernel had to be compiled here, which takes memory that is not given back."""
        return bool(self._loop.serve.stats.cache_misses)

    def serve(self, spin_ns: int) -> bool:
        """Serve all ports; return whether it was an order that ended it, not `spin_ns` idle."""
        return bool(self._loop.serve(self.state, self.board.words, self.table, spin_ns))

    def fall_asleep(self) -> bool:
        """Ask for kicks; return whether nothing has come meanwhile, so that one may sleep."""
        return not self._loop.fall_asleep(self.state, self.board.words)

    def wake_up(self) -> None:
        """Spare the others their kicks again."""
        self._loop.wake_up(self.state, self.board.words)

    @property
    def bells(self) -> list[int]:
        """What becomes readable when a port has something while the worker sleeps."""
        found = []
        for slot, port in self._ports.items():
            row = slot * at.PORT_FIELDS
            if self.state[row + at.STATE] == codes.RUNNING:
                found += [kick for index, kick in port.kicks.items() if index % 2]
                if self.state[row + at.KIND] == codes.TAP:
                    found += port.descriptors
        return found

    @property
    def must_poll(self) -> bool:
        """Whether a guest has given a ring without a kick, so that nothing would wake a sleeper."""
        return any(
            index % 2 and index not in port.kicks
            for port in self._ports.values()
            for index in port.rings
        )

    def carry_out(self, order: Order, descriptors: list[int]) -> int:
        """Carry out an order, whose descriptors become the plane's; return what it answers.

        Raises `GuestError` for what a guest asks and cannot have; nothing is changed then.
        """
        handlers: dict[type[Order], Callable[..., int]] = {
            Attach: self._attach,
            Enable: self._enable,
            SetCall: self._set_call,
            Disable: self._disable,
            SetMemory: self._set_memory,
            SetPolicy: self._set_policy,
            Detach: self._detach,
            Link: self._link,
            Teach: self._teach,
            Transmit: self._transmit,
            MeasureCopy: self._measure_copy,
            TellFunctions: self._tell_functions,
            Ready: lambda *_: 0,
        }
        return handlers[type(order)](order, descriptors)

    def _scratch(self, alarm: int) -> list[NDArray[np.uint8]]:
        """Allocate what the kernels need for a batch, once."""
        state = self.state
        arrays = []
        for field, size in (
            (at.STAGE_ADDRESS, limits.STAGE_BYTES),
            (at.BOUNCE_ADDRESS, limits.BOUNCE_BYTES),
            (at.HEADERS_ADDRESS, 64),
            (at.INDIRECT_ADDRESS, 16 * limits.INDIRECT_MAX),
            (at.VECTOR_ADDRESS, 16 * (limits.SEGMENTS_MAX + 2)),
            (at.CLOCK_ADDRESS, 16),
            (at.POLL_ADDRESS, 8),
            (at.ONE_ADDRESS, 8),
        ):
            array = np.zeros(size, np.uint8)
            arrays.append(array)
            state[field] = array.ctypes.data
        arrays[-1][0] = 1
        state[at.ARENA_ADDRESS] = self._grants.reserve(limits.ARENA_BYTES)
        assert state[at.ARENA_ADDRESS] != -1
        state[at.ALARM] = alarm
        return arrays

    def _arrange_rows(self) -> None:
        for slot in range(limits.PORTS_MAX):
            self.state[slot * at.PORT_FIELDS + at.ROW] = slot * at.COUNT_FIELDS

    def _attach(self, order: Attach, descriptors: list[int]) -> int:
        count = len(order.regions)
        port = PlanePort()
        kind = KINDS[PortKind(order.kind)]
        if kind == codes.DEVICE:
            port.descriptors = []
            port.mappings.append(mmap.mmap(descriptors[0], order.regions[0].length))
            os.close(descriptors[0])
        else:
            port.memory = GuestMemory(regions_of(order.regions, descriptors), self._grants)
            port.descriptors = descriptors[count:]
        row = self._clear(order.slot)
        self._ports[order.slot] = port
        describe(row, order)
        if kind == codes.TAP:
            row[at.TAPS : at.TAPS + order.taps] = port.descriptors
            self.board.row(order.slot)[at.COUNT_PAIRS] = order.taps
        if kind == codes.DEVICE:
            describe_device(port, row, order.regions[0].length)
        if port.memory is not None:
            port.memory.write(self.state, order.slot * at.PORT_FIELDS)
        vectors = np.zeros(32 * limits.VECTORS_MAX, np.uint8)
        port.arrays.append(vectors)
        row[at.VECTORS_ADDRESS] = vectors.ctypes.data
        self._run(order.slot, kind)
        return 0

    def _clear(self, slot: int) -> NDArray[np.int64]:
        """Empty the row of a slot, its rings and its counters; return the row."""
        assert slot not in self._ports
        port = slot * at.PORT_FIELDS
        row = self.state[port : port + at.PORT_FIELDS]
        row[:] = 0
        row[at.ROW] = slot * at.COUNT_FIELDS
        row[at.FIRST_RING] = at.RINGS + slot * limits.RINGS_MAX * at.RING_FIELDS
        row[at.FLOOD_TOKENS] = 1000
        for index in range(limits.RINGS_MAX):
            ring = self._ring(slot, index)
            ring[:] = 0
            ring[at.OWNER] = port
            ring[at.PAIR] = index // 2
        self.board.row(slot)[:] = 0
        return row

    def _ring(self, slot: int, index: int) -> NDArray[np.int64]:
        begin = at.RINGS + (slot * limits.RINGS_MAX + index) * at.RING_FIELDS
        return self.state[begin : begin + at.RING_FIELDS]

    def _run(self, slot: int, kind: int) -> None:
        port = slot * at.PORT_FIELDS
        self.state[port + at.KIND] = kind
        self.state[port + at.STATE] = codes.RUNNING
        self.board.row(slot)[at.COUNT_STATE] = codes.RUNNING
        self.state[at.PORT_COUNT] = max(self._ports) + 1

    def _enable(self, order: Enable, descriptors: list[int]) -> int:
        port = self._ports[order.slot]
        if order.index in port.rings:
            self._stop_ring(order.slot, order.index)
        assert port.memory is not None
        mapped = map_ring(port.memory, order)
        port.enabled[order.index] = order
        if order.has_kick:
            port.kicks[order.index] = descriptors.pop(0)
        if order.has_call:
            port.calls[order.index] = descriptors.pop(0)
        ring = self._place_ring(order.slot, order.index, mapped)
        ring[at.SIZE] = order.size
        ring[at.NEXT] = ring[at.LIMIT] = order.next & 0xFFFF
        ring[at.USED_INDEX] = self._loop.used_index(mapped.used)
        ring[at.CALL] = port.calls.get(order.index, -1)
        ring[at.ENABLED] = 1
        self._count_pairs(order.slot)
        return 0

    def _place_ring(self, slot: int, index: int, mapped: MappedRing) -> NDArray[np.int64]:
        """Say where a ring is mapped, and that none of its heads is in flight; return its row."""
        self._ports[slot].rings[index] = mapped
        ring = self._ring(slot, index)
        ring[at.DESCRIPTORS_ADDRESS] = mapped.descriptors
        ring[at.AVAILABLE_ADDRESS] = mapped.available
        ring[at.USED_ADDRESS] = mapped.used
        ring[at.MARKS_ADDRESS] = mapped.marks.ctypes.data
        ring[at.STAMP] = 1
        return ring

    def _count_pairs(self, slot: int) -> None:
        """Say how many queue pairs have a ring; those behind a gap wait until it is closed."""
        rings = self._ports[slot].rings
        pairs = 0
        while pairs < PAIRS_MAX and (2 * pairs in rings or 2 * pairs + 1 in rings):
            pairs += 1
        self.state[slot * at.PORT_FIELDS + at.PAIRS] = pairs
        counted = self.board.row(slot)
        counted[at.COUNT_PAIRS] = max(counted[at.COUNT_PAIRS], pairs)

    def _set_call(self, order: SetCall, descriptors: list[int]) -> int:
        port = self._ports[order.slot]
        if order.index in port.calls:
            os.close(port.calls.pop(order.index))
        if order.has_call:
            port.calls[order.index] = descriptors.pop(0)
        self._ring(order.slot, order.index)[at.CALL] = port.calls.get(order.index, -1)
        return 0

    def _disable(self, order: Disable, descriptors: list[int]) -> int:
        assert not descriptors
        return self._stop_ring(order.slot, order.index)

    def _stop_ring(self, slot: int, index: int) -> int:
        port = self._ports[slot]
        ring = self._ring(slot, index)
        found = int(ring[at.NEXT])
        ring[at.ENABLED] = 0
        if index in port.rings:
            port.rings.pop(index).close()
            del port.enabled[index]
        for descriptors in (port.kicks, port.calls):
            if index in descriptors:
                os.close(descriptors.pop(index))
        self._count_pairs(slot)
        return found

    def _set_memory(self, order: SetMemory, descriptors: list[int]) -> int:
        port = self._ports[order.slot]
        memory = GuestMemory(regions_of(order.regions, descriptors), self._grants)
        mapped: dict[int, MappedRing] = {}
        try:
            for index, enabled in port.enabled.items():
                mapped[index] = map_ring(memory, enabled)
        except GuestError:
            for ring in mapped.values():
                ring.close()
            memory.close()
            raise
        self._revoke(order.slot)
        for index, ring in mapped.items():
            port.rings.pop(index).close()
            self._place_ring(order.slot, index, ring)
        if port.memory is not None:
            port.memory.close()
        port.memory = memory
        memory.write(self.state, order.slot * at.PORT_FIELDS)
        return 0

    def _set_policy(self, order: SetPolicy, descriptors: list[int]) -> int:
        assert not descriptors
        self._revoke(order.slot)
        self.state[order.slot * at.PORT_FIELDS + at.POLICY] = POLICIES[Policy(order.policy)]
        return 0

    def _revoke(self, slot: int) -> None:
        self._grants.revoke(self.state, self.board.words, slot * at.PORT_FIELDS)

    def _detach(self, order: Detach, descriptors: list[int]) -> int:
        assert not descriptors
        self._revoke(order.slot)
        for index in list(self._ports[order.slot].rings):
            self._stop_ring(order.slot, index)
        port = self._ports.pop(order.slot)
        row = order.slot * at.PORT_FIELDS
        self.state[row + at.STATE] = codes.IDLE
        self.state[row + at.KIND] = codes.NO_PORT
        self._addresses.forget(self.table, row)
        port.close()
        self.state[at.PORT_COUNT] = max(self._ports, default=-1) + 1
        return 0

    def _link(self, order: Link, descriptors: list[int]) -> int:
        port = PlanePort()
        memories = [mmap.mmap(descriptor, limits.LINK_FILE_BYTES) for descriptor in descriptors[:2]]
        port.mappings = memories
        for descriptor in descriptors[:2]:
            os.close(descriptor)
        row = self._clear(order.slot)
        row[at.OUT_ADDRESS], row[at.IN_ADDRESS] = map(address_of, memories)
        row[at.OUT_BELL] = descriptors[2]
        row[at.MAC] = -1
        row[at.HEADER] = limits.HEADER_BYTES
        port.descriptors = descriptors[2:]
        self._ports[order.slot] = port
        self._run(order.slot, codes.LINK)
        return 0

    def _teach(self, order: Teach, descriptors: list[int]) -> int:
        assert not descriptors
        now = time.monotonic_ns() // 1_000_000_000
        self._addresses.learn(self.table, order.mac, order.slot * at.PORT_FIELDS, now, 1)
        return 0

    def _transmit(self, order: Transmit, descriptors: list[int]) -> int:
        assert not descriptors
        port = order.slot * at.PORT_FIELDS
        queues = len(order.queues)
        row = self.state[port : port + at.PORT_FIELDS]
        row[at.DEVICE_QUEUES] = queues
        row[at.QUEUE_FRAMES] = order.frames // max(queues, 1)
        row[at.QUEUE_PORTS : at.QUEUE_PORTS + queues] = [
            slot * at.PORT_FIELDS for slot in order.queues
        ]
        row[at.QUEUE_SEQUENCES : at.QUEUE_SEQUENCES + queues] = 0
        row[at.SEQUENCE] = 0
        row[at.DEVICE_HELD] = 0
        row[at.FRAME_LENGTH] = order.frame_bytes
        row[at.FRAMES_LEFT] = order.frames
        return 0

    def _tell_functions(self, _order: TellFunctions, descriptors: list[int]) -> int:
        with os.fdopen(descriptors[0], "wb") as file:
            return file.write(perf_map_of_kernels((self._loop, self._grants, self._device)))

    def _measure_copy(self, order: MeasureCopy, descriptors: list[int]) -> int:
        row = self.state[order.slot * at.PORT_FIELDS :]
        with mmap.mmap(descriptors[0], order.places * 4096) as memory:
            os.close(descriptors[0])
            target = address_of(memory)
            source, templates = int(row[at.TEMPLATES_ADDRESS]), int(row[at.TEMPLATES])
            arguments = (source, templates, target, order.places, order.frame_bytes)
            self._device.copy_templates(*arguments, 2 * order.places)  # touches every page
            started_ns = time.perf_counter_ns()
            self._device.copy_templates(*arguments, order.frames)
            return time.perf_counter_ns() - started_ns
