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

    def assign(self, pids: NDArray[np.uint32], times_ns: NDArray[np.uint64]) -> NDArray[np.int32]:
        """Return the place in `states` of each sample's process, i32[n], or -1.

        `times_ns` u64[n] are sorted; `pids` u32[n] belong to them.
        """
        if not self.states or not len(pids):
            return np.full(len(pids), -1, np.int32)
        # A state's key is its process and the first sample that may be its; a sample's, its own.
        state_pids = np.array([state.pid for state in self.states], np.uint64)
        starts = np.array([state.start_ns for state in self.states], np.uint64)
        firsts = np.searchsorted(times_ns, starts).astype(np.uint64)
        keys = state_pids * np.uint64(len(pids) + 1) + firsts
        order = np.argsort(keys, kind="stable")
        wanted = pids * np.uint64(len(pids) + 1) + np.arange(len(pids), dtype=np.uint64)
        after = np.searchsorted(keys[order], wanted, side="right")
        places = order[np.maximum(after - 1, 0)]
        known = (after > 0) & (state_pids[places] == pids)
        return np.where(known, places, -1).astype(np.int32)

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
