"""Processes over time: who a process number was, and what it ran, when a sample hit it.

A snapshot says what there was, side records what changed. Each change begins a new state of the
process: a fork gives a number to a new process, which begins as a copy of its parent; an exec gives
it another program, with a name and mappings of its own. A recording in segments has a snapshot in
each; the first one that is read stands for all time before it, later ones correct what records
that were lost would have said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from riostat.profiler.distinct import slices
from riostat.profiler.mappings import AddressSpace
from riostat.profiler.records import Comm, Fork, Mmap2, Namespaces, SideRecord
from riostat.profiler.snapshot import NAMESPACES, ProcessSnapshot

__all__ = ["ProcessState", "ProcessTable", "Snapshot"]

_INIT_PID = 1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All processes as they were at `time_ns`.

    With `afresh` nothing was recorded just before, so that every process may be another one.
    """

    time_ns: int
    processes: Sequence[ProcessSnapshot]
    afresh: bool = True


@dataclass(frozen=True, slots=True)
class ProcessState:
    """A process from `start_ns` until its next state.

    `comm` is hostile, and None where nobody told; `cgroup_path` is from the snapshot, "" where
    unknown; `namespaces` are inode numbers by kind, those known.
    """

    pid: int
    start_ns: int
    comm: bytes | None
    space: AddressSpace
    namespaces: Mapping[str, int]
    cgroup_path: str


class ProcessTable:
    """The states of all processes, and which of them a sample belongs to.

    `damaged` counts mappings that found no room.
    """

    def __init__(self, snapshots: Sequence[Snapshot], records: Iterable[SideRecord]) -> None:
        self.states: list[ProcessState] = []
        self.damaged = 0
        self.host_namespaces: Mapping[str, int] = {}
        self._current: dict[int, int] = {}
        later = list(snapshots)
        if later:
            self._begin(later.pop(0))
        for record in records:
            while later and later[0].time_ns <= record.time_ns:
                self._correct(later.pop(0))
            self._apply(record)
        for snapshot in later:
            self._correct(snapshot)

    def assign(
        self, pids: NDArray[np.uint32], times_ns: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
        """Return the place in `states` of each sample's process, i32[n], or -1, and its moment.

        `times_ns` u64[n] are sorted; `pids` u32[n] belong to them. Samples of one process that
        have the same moment (u32[n]) have it in the same state and with the same mappings.
        """
        # A change's key is its process and the first sample that comes after it; a sample's, its
        # own. Of changes with one key the last counts, which is why states stand behind mappings.
        made = [(space.pid, record.time_ns) for space in self._spaces() for record in space.own]
        began = [(state.pid, state.start_ns) for state in self.states]
        changes = np.array([*made, *began], np.uint64).reshape(-1, 2)
        firsts = np.searchsorted(times_ns, changes[:, 1]).astype(np.uint64)
        width = np.uint64(len(pids) + 1)
        keys = changes[:, 0] * width + firsts
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        # The state after a change is that of the last one which began a state.
        last = np.maximum.accumulate(np.where(order >= len(made), np.arange(len(order)), 0))
        places = np.append(order[last] - len(made), -1)
        places_pids = np.append(changes[order[last], 0], 0)
        states = np.empty(len(pids), np.int32)
        moments = np.empty(len(pids), np.uint32)
        for part in slices(len(pids)):
            own = pids[part]
            wanted = own * width + np.arange(part.start, part.stop, dtype=np.uint64)
            after = np.searchsorted(keys, wanted, side="right")
            known = places_pids[after - 1] == own
            states[part] = np.where(known, places[after - 1], -1)
            moments[part] = after
        return states, moments

    def _spaces(self) -> Iterable[AddressSpace]:
        """Return the address spaces of all states, each once."""
        return {id(state.space): state.space for state in self.states}.values()

    def _begin(self, snapshot: Snapshot) -> None:
        for process in snapshot.processes:
            self._enter(_state_of(process, 0))
            if process.pid == _INIT_PID:
                self.host_namespaces = process.namespaces

    def _correct(self, snapshot: Snapshot) -> None:
        for process in snapshot.processes:
            known = self._state(process.pid)
            if snapshot.afresh or known is None or known.comm != process.comm:
                self._enter(_state_of(process, snapshot.time_ns))

    def _apply(self, record: SideRecord) -> None:
        match record:
            case Mmap2():
                self.damaged += not self._known(record.pid, record.time_ns).space.add(record)
            case Comm():
                self._rename(record)
            case Fork():
                self._fork(record)
            case Namespaces():
                self._move(record)
            case _:
                pass

    def _rename(self, record: Comm) -> None:
        state = self._known(record.pid, record.time_ns)
        if record.exec:
            space = AddressSpace(record.pid)
            self._enter(replace(state, start_ns=record.time_ns, comm=record.comm, space=space))
        elif record.tid == record.pid and record.comm != state.comm:
            self._enter(replace(state, start_ns=record.time_ns, comm=record.comm))

    def _fork(self, record: Fork) -> None:
        if record.pid == record.parent_pid:
            return  # a thread
        parent = self._known(record.parent_pid, record.time_ns)
        space = parent.space.fork(record.pid)
        self._enter(replace(parent, pid=record.pid, start_ns=record.time_ns, space=space))

    def _move(self, record: Namespaces) -> None:
        state = self._known(record.pid, record.time_ns)
        namespaces = {kind: record.inodes.get(kind, 0) for kind in NAMESPACES}
        if namespaces != state.namespaces:
            self._enter(replace(state, start_ns=record.time_ns, namespaces=namespaces))

    def _known(self, pid: int, time_ns: int) -> ProcessState:
        """Return the state of a process, a new one where nothing is known of it."""
        state = self._state(pid)
        if state is None:
            state = ProcessState(pid, time_ns, None, AddressSpace(pid), {}, "")
            self._enter(state)
        return state

    def _state(self, pid: int) -> ProcessState | None:
        place = self._current.get(pid)
        return None if place is None else self.states[place]

    def _enter(self, state: ProcessState) -> None:
        self._current[state.pid] = len(self.states)
        self.states.append(state)


def _state_of(process: ProcessSnapshot, start_ns: int) -> ProcessState:
    return ProcessState(
        pid=process.pid,
        start_ns=start_ns,
        comm=process.comm,
        space=AddressSpace(process.pid, maps=process.maps),
        namespaces=process.namespaces,
        cgroup_path=process.cgroup_path,
    )
