"""The engine: worker processes that move frames between ports, and the orders given to them.

Ports whose memory may shrink under the switch are served by a worker of their own, one for each
guest process, so that its loss (SIGBUS) costs nobody else; frames cross between workers over links.
All calls are made from one thread, and wait for the worker: milliseconds, while its loop stands.
"""

import os
import select
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from riostat.core.closing import Closing
from riostat.core.errors import GuestError, PortError, SwitchError
from riostat.switch.kernels import codes
from riostat.switch.kernels import layout as at
from riostat.switch.orders import (
    Attach,
    Detach,
    Disable,
    Enable,
    MeasureCopy,
    Ready,
    RegionOrder,
    SetCall,
    SetMemory,
    SetPolicy,
    Teach,
    TellFunctions,
    Transmit,
)
from riostat.switch.ports import (
    Fault,
    Policy,
    PortCounters,
    PortDescription,
    PortState,
    Region,
    Ring,
    WorkerStatus,
)
from riostat.switch.workerprocess import LINK, START_SECONDS, WorkerProcess, join, link_name

__all__ = ["Engine"]

_STATES: Final = {
    codes.IDLE: PortState.ATTACHED,
    codes.RUNNING: PortState.RUNNING,
    codes.BROKEN: PortState.BROKEN,
}


@dataclass
class _Port:
    worker: WorkerProcess
    slot: int
    description: PortDescription
    policy: Policy
    rings: dict[int, Ring] = field(default_factory=dict)
    told: bool = False


class Engine(Closing):
    """Ports by name, each served by one of the workers.

    `descriptor` is readable when `events` has something to tell.
    """

    def __init__(self, kernels_cache: Path) -> None:
        self._kernels = kernels_cache
        self._workers: list[WorkerProcess] = []
        self._own: list[WorkerProcess] = []
        self._ports: dict[str, _Port] = {}
        self._poll = select.epoll()
        self._next_index = 0

    @classmethod
    def start(cls, *, cpus: Sequence[int], kernels_cache: Path) -> Self:
        """Start a worker for each entry of `cpus`, pinned to that CPU, or free where it is -1.

        Returns when all have their kernels loaded; the first start of a version compiles them.
        Raises `SwitchError` where a worker does not start.
        """
        self = cls(kernels_cache)
        try:
            self._workers = self._start_workers(cpus)
        except SwitchError:
            self.close()
            raise
        return self

    @property
    def descriptor(self) -> int:
        """What becomes readable when a port breaks or a worker ends."""
        return self._poll.fileno()

    def attach(self, name: str, port: PortDescription, *, worker: int | None = None) -> None:
        """Attach a port, to the worker of a number or to the one with the fewest ports.

        Raises `PortError` where the name is taken, `GuestError` where its memory cannot be used.
        """
        if name in self._ports:
            raise PortError(f"There is a port {name!r} already; choose another name.")
        if any(region.shrinkable for region in port.regions):
            server = self._own_worker(port.guest_pid)
        elif worker is not None:
            server = self._revived(self._workers[worker])
        else:
            server = self._revived(min(self._workers, key=lambda each: len(each.slots)))
        slot = server.free_slot()
        server.order(
            Attach(
                slot=slot,
                kind=port.kind,
                policy=port.policy,
                features=port.features,
                guest_pid=port.guest_pid,
                mac=-1 if port.mac is None else int.from_bytes(port.mac, "little"),
                regions=_orders(port.regions),
                taps=len(port.tap_descriptors),
            ),
            [*(region.descriptor for region in port.regions), *port.tap_descriptors],
        )
        server.slots[slot] = name
        self._ports[name] = _Port(server, slot, port, port.policy)

    def enable(self, name: str, ring: Ring) -> None:
        """Serve a ring of a port; one that is served already is served as this one from now on.

        Raises `GuestError` where the ring does not lie as VIRTIO wants it, or not in the memory.
        """
        port = self._port(name)
        port.worker.order(
            Enable(
                slot=port.slot,
                index=ring.index,
                size=ring.size,
                descriptors=ring.descriptors,
                available=ring.available,
                used=ring.used,
                next=ring.base,
                has_kick=ring.kick >= 0,
                has_call=ring.call >= 0,
            ),
            [descriptor for descriptor in (ring.kick, ring.call) if descriptor >= 0],
        )

    def set_call(self, name: str, index: int, call: int) -> None:
        """Interrupt the guest of a ring by another eventfd from now on, or never if it is -1."""
        port = self._port(name)
        order = SetCall(slot=port.slot, index=index, has_call=call >= 0)
        port.worker.order(order, [call] if call >= 0 else [])

    def disable(self, name: str, index: int) -> int:
        """Serve a ring no longer; return its next available index."""
        port = self._port(name)
        return port.worker.order(Disable(slot=port.slot, index=index))

    def update_memory(self, name: str, regions: Sequence[Region]) -> None:
        """Revoke all grants of a port and go on, rings and all, with other memory.

        Raises `GuestError`, and changes nothing, where it cannot be used: also where it may shrink
        and the port's worker serves others.
        """
        port = self._port(name)
        if any(region.shrinkable for region in regions) and not port.worker.owner:
            raise GuestError(
                f"The guest of port {name!r} replaced sealed memory by memory that may shrink; "
                "it has to connect again with that."
            )
        order = SetMemory(slot=port.slot, regions=_orders(regions))
        port.worker.order(order, [region.descriptor for region in regions])

    def set_policy(self, name: str, policy: Policy) -> None:
        """Revoke all grants of a port and go on with another policy."""
        port = self._port(name)
        port.worker.order(SetPolicy(slot=port.slot, policy=policy))
        port.policy = policy

    def detach(self, name: str) -> None:
        """Forget a port; when this returns, nothing of its memory is mapped any more."""
        port = self._ports.pop(name, None)
        if port is None:
            raise _no_port(name)
        if port.worker.lost:
            return
        port.worker.order(Detach(slot=port.slot))
        del port.worker.slots[port.slot]
        if port.worker.owner and all(
            other.startswith(LINK) for other in port.worker.slots.values()
        ):
            self._own.remove(port.worker)
            self._part(port.worker)
            port.worker.close()

    def teach(self, name: str, mac: bytes) -> None:
        """Let a port's worker know of an address without a frame from it."""
        port = self._port(name)
        port.worker.order(Teach(slot=port.slot, mac=int.from_bytes(mac, "little")))

    def transmit(
        self, name: str, *, frames: int, frame_bytes: int, queues: Sequence[str] = ()
    ) -> None:
        """Let a device's port receive frames; see `kernels.device`.

        With `queues`, names of ports of the same worker, it has a queue for each of them.
        """
        port = self._port(name)
        targets = [self._port(queue) for queue in queues]
        assert all(target.worker is port.worker for target in targets)
        slots = [target.slot for target in targets]
        port.worker.order(
            Transmit(slot=port.slot, frames=frames, frame_bytes=frame_bytes, queues=slots)
        )

    def measure_copy(
        self, name: str, *, frames: int, frame_bytes: int, descriptor: int, places: int
    ) -> int:
        """Have a device's worker copy frames to memory, and return the nanoseconds it took."""
        port = self._port(name)
        order = MeasureCopy(slot=port.slot, frames=frames, frame_bytes=frame_bytes, places=places)
        return port.worker.order(order, [descriptor], seconds=START_SECONDS)

    def counters(self) -> dict[str, PortCounters]:
        """Return what every port stands at, without disturbing the workers."""
        return {name: self._counters(name, port) for name, port in self._ports.items()}

    def workers(self) -> list[WorkerStatus]:
        """Return the worker processes there are."""
        return [
            WorkerStatus(
                index=worker.index,
                cpu=worker.cpu,
                pid=worker.process.pid,
                alive=not worker.lost,
                busy_ns=worker.board.busy_ns,
            )
            for worker in [*self._workers, *self._own]
        ]

    def perf_maps(self) -> dict[int, bytes]:
        """Return where the compiled functions of each worker lie, by its process."""
        found = {}
        for worker in (*self._workers, *self._own):
            file = os.memfd_create("riostat-functions", os.MFD_CLOEXEC)
            try:
                length = worker.order(TellFunctions(), [file])
                found[worker.process.pid] = os.pread(file, length, 0)
            finally:
                os.close(file)
        return found

    def events(self) -> list[tuple[str, Fault]]:
        """Return the ports that broke since the last call, and why."""
        self._look_after_workers()
        found: list[tuple[str, Fault]] = []
        for name, port in self._ports.items():
            fault = self._fault(port)
            if fault is not Fault.NONE and not port.told:
                port.told = True
                found.append((name, fault))
        return found

    def close(self) -> None:
        """End all workers."""
        for worker in [*self._workers, *self._own]:
            worker.close()
        self._workers, self._own = [], []
        self._ports.clear()
        self._poll.close()

    def _start_workers(self, cpus: Sequence[int], *, owner: int = 0) -> list[WorkerProcess]:
        """Start workers side by side, and join them with those there are."""
        started = []
        for cpu in cpus:
            started.append(WorkerProcess(self._next_index, cpu, self._kernels, owner=owner))
            self._next_index += 1
        try:
            for worker in started:
                worker.order(Ready(), seconds=START_SECONDS)
        except PortError as error:
            for worker in started:
                worker.close()
            raise SwitchError(
                "A worker of the switch did not start; its own words stand above."
            ) from error
        known = [other for other in (*self._workers, *self._own) if not other.lost]
        for worker in started:
            for other in known:
                join(worker, other)
            known.append(worker)
            self._poll.register(worker.exit, select.EPOLLIN)
            self._poll.register(worker.alarm, select.EPOLLIN)
        return started

    def _own_worker(self, guest_pid: int) -> WorkerProcess:
        """Return the worker that serves one guest process alone."""
        for worker in self._own:
            if worker.owner == guest_pid and not worker.lost:
                return worker
        (worker,) = self._start_workers([-1], owner=guest_pid)
        self._own.append(worker)
        return worker

    def _revived(self, worker: WorkerProcess) -> WorkerProcess:
        """Return the worker, or one in the place of one that was lost."""
        self._look_after_workers()
        if not worker.lost:
            return worker
        (new,) = self._start_workers([worker.cpu])
        self._workers[self._workers.index(worker)] = new
        new.index = worker.index
        worker.close()
        return new

    def _part(self, worker: WorkerProcess) -> None:
        """Take a worker's links away from the others, and stop watching it."""
        for other in [*self._workers, *self._own]:
            for slot, name in list(other.slots.items()):
                if name == link_name(worker) and not other.lost:
                    other.order(Detach(slot=slot))
                    del other.slots[slot]
        self._poll.unregister(worker.exit)
        self._poll.unregister(worker.alarm)

    def _look_after_workers(self) -> None:
        """Take note of alarms and of workers that have ended."""
        for descriptor, _ in self._poll.poll(0):
            for worker in [*self._workers, *self._own]:
                if descriptor == worker.alarm:
                    os.eventfd_read(worker.alarm)
                elif descriptor == worker.exit and not worker.lost:
                    worker.process.wait()
                    worker.lost = True
                    self._part(worker)

    def _fault(self, port: _Port) -> Fault:
        if port.worker.lost:
            lost_memory = port.worker.process.returncode == -signal.SIGBUS
            return Fault.MEMORY_LOST if lost_memory else Fault.WORKER_LOST
        return port.worker.board.fault(port.slot)

    def _counters(self, name: str, port: _Port) -> PortCounters:
        board, slot = port.worker.board, port.slot
        fault = self._fault(port)
        state = _STATES[int(board.row(slot)[at.COUNT_STATE])]
        return PortCounters(
            name=name,
            kind=port.description.kind,
            policy=port.policy,
            state=PortState.BROKEN if fault is not Fault.NONE else state,
            fault=fault,
            worker=port.worker.index,
            own_worker=bool(port.worker.owner),
            queues=board.queues(slot),
            drops=board.drops(slot),
            flooded=board.flooded(slot),
            grants=board.grants(slot),
        )

    def _port(self, name: str) -> _Port:
        port = self._ports.get(name)
        if port is None:
            raise _no_port(name)
        return port


def _no_port(name: str) -> PortError:
    return PortError(f"There is no port {name!r}; `riostat switch status` lists them.")


def _orders(regions: Sequence[Region]) -> list[RegionOrder]:
    return [
        RegionOrder(region.guest_address, region.user_address, region.length, region.offset)
        for region in regions
    ]
