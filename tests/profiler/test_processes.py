from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.processes import ProcessTable, Snapshot
from riostat.profiler.records import SideRecord, decode_side_records
from riostat.profiler.snapshot import ProcessSnapshot, parse_snapshot
from tests.profiler import recorded

_MAPS = b"1000-2000 r-xp 00000000 08:01 5 /bin/first\n"


def _records(*records: bytes) -> list[SideRecord]:
    data = b"".join(records)
    starts = [len(b"".join(records[:i])) for i in range(len(records))]
    found, damaged = decode_side_records(
        data, starts, earliest_ns=0, latest_ns=[1 << 40] * len(starts)
    )
    assert damaged == 0
    return found


def _processes(*entries: bytes) -> list[ProcessSnapshot]:
    return parse_snapshot(b"".join(entries))


def _table(*records: bytes, snapshots: Sequence[Snapshot] | None = None) -> ProcessTable:
    if snapshots is None:
        init = recorded.process(1, b"init", maps=_MAPS)
        snapshots = [Snapshot(0, _processes(init, recorded.process(5, b"five", maps=_MAPS)))]
    return ProcessTable(snapshots, _records(*records))


def _at(table: ProcessTable, *samples: tuple[int, int]) -> list[tuple[bytes | None, list[str]]]:
    """The name and the mapped files of the process of each (time, pid), None for unknown ones."""
    times, pids = (np.array([sample[i] for sample in samples], np.uint64) for i in (0, 1))
    found: list[tuple[bytes | None, list[str]]] = []
    for place in table.assign(pids.astype(np.uint32), times)[0].tolist():
        if place < 0:
            found.append((None, ["unknown"]))
            continue
        state = table.states[place]
        found.append((state.comm, [mapping.file.path for mapping in state.space.mappings()]))
    return found


def test_what_the_snapshot_has_was_there_before() -> None:
    assert _at(_table(), (3, 1), (4, 5), (5, 9)) == [
        (b"init", ["/bin/first"]),
        (b"five", ["/bin/first"]),
        (None, ["unknown"]),
    ]


def test_an_exec_gives_a_process_another_name_and_clears_its_mappings() -> None:
    table = _table(
        recorded.comm(10, 5, b"other", exec_=True),
        recorded.mmap2(11, 5, 0x5000, 0x1000, path=b"/bin/other"),
    )
    assert _at(table, (9, 5), (10, 5), (12, 1)) == [
        (b"five", ["/bin/first"]),
        (b"other", ["/bin/other"]),
        (b"init", ["/bin/first"]),
    ]


def test_a_new_name_alone_changes_nothing_else() -> None:
    table = _table(recorded.comm(10, 5, b"renamed", exec_=False))
    assert _at(table, (9, 5), (10, 5)) == [
        (b"five", ["/bin/first"]),
        (b"renamed", ["/bin/first"]),
    ]


def test_the_name_of_a_thread_is_not_that_of_its_process() -> None:
    name = recorded.comm(10, 5, b"worker", tid=6, exec_=False)
    table = _table(name, recorded.fork(11, 5, 5, tid=7))
    assert _at(table, (12, 5)) == [(b"five", ["/bin/first"])]
    assert len(table.states) == 2


def test_a_child_is_a_copy_of_its_parent_as_it_was() -> None:
    table = _table(
        recorded.mmap2(10, 5, 0x5000, 0x1000, path=b"/lib/before"),
        recorded.fork(20, 6, 5),
        recorded.mmap2(30, 5, 0x6000, 0x1000, path=b"/lib/after"),
    )
    assert _at(table, (19, 6), (20, 6), (40, 5)) == [
        (None, ["unknown"]),
        (b"five", ["/bin/first", "/lib/before"]),
        (b"five", ["/bin/first", "/lib/before", "/lib/after"]),
    ]


def test_a_number_that_is_used_again_is_another_process() -> None:
    table = _table(
        recorded.exit_(10, 5),
        recorded.fork(20, 5, 1),
        recorded.comm(21, 5, b"second", exec_=True),
    )
    names = [name for name, _ in _at(table, (5, 5), (15, 5), (20, 5), (21, 5))]
    assert names == [b"five", b"five", b"init", b"second"]


def test_children_of_unknown_parents_are_unnamed() -> None:
    table = _table(recorded.fork(10, 8, 7), recorded.mmap2(11, 9, 0x1000, 0x1000))
    assert _at(table, (12, 8), (13, 7), (14, 9)) == [
        (None, []),
        (None, []),
        (None, ["/bin/x"]),
    ]


def test_namespaces_follow_records_and_forks() -> None:
    same = [20, 0, 0, 10, 0, 30, 0]  # net, uts, ipc, pid, user, mnt, cgroup
    table = _table(
        recorded.namespaces(10, 5, same),
        recorded.namespaces(20, 5, [21, *same[1:]]),
        recorded.fork(30, 6, 5),
    )
    assert [state.namespaces["net"] for state in table.states] == [20, 20, 21, 21]
    assert table.host_namespaces == {"pid": 10, "net": 20}


def _later(time_ns: int, *entries: bytes, afresh: bool) -> Snapshot:
    return Snapshot(time_ns, _processes(*entries), afresh=afresh)


def test_a_later_snapshot_tells_what_lost_records_did_not() -> None:
    first = Snapshot(0, _processes(recorded.process(5, b"five", maps=_MAPS)))
    later = _later(
        100,
        recorded.process(5, b"five"),
        recorded.process(6, b"six", maps=_MAPS),
        afresh=False,
    )
    table = _table(recorded.comm(50, 6, b"old", exec_=True), snapshots=[first, later])
    assert _at(table, (99, 6), (100, 6), (101, 5)) == [
        (b"old", []),
        (b"six", ["/bin/first"]),
        (b"five", ["/bin/first"]),
    ]


def test_after_a_gap_every_process_is_a_new_one() -> None:
    first = Snapshot(0, _processes(recorded.process(5, b"five", maps=_MAPS)))
    later = _later(100, recorded.process(5, b"five"), afresh=True)
    table = _table(snapshots=[first, later])
    assert _at(table, (99, 5), (100, 5)) == [(b"five", ["/bin/first"]), (b"five", [])]


def test_mappings_without_room_are_counted() -> None:
    many = [recorded.mmap2(9, 5, 0x1000, 0x1000)] * ((1 << 14) + 3)
    assert _table(*many).damaged == 3


def test_without_samples_or_states_nothing_is_assigned() -> None:
    empty = np.zeros(0, np.uint64)
    assert [found.tolist() for found in _table().assign(empty.astype(np.uint32), empty)] == [[], []]
    assert _at(ProcessTable([], []), (1, 1)) == [(None, ["unknown"])]


@given(
    forks=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 5)), max_size=12).map(sorted),
    samples=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 6))).map(sorted),
)
def test_each_sample_belongs_to_the_newest_state_of_its_number(
    forks: list[tuple[int, int]], samples: list[tuple[int, int]]
) -> None:
    table = _table(*(recorded.fork(t, pid, 77) for t, pid in forks), snapshots=[])
    times, pids = (np.array([sample[i] for sample in samples], np.uint64) for i in (0, 1))
    found = table.assign(pids.astype(np.uint32), times)[0].tolist()
    expected = [
        max((i for i, s in enumerate(table.states) if s.pid == pid and s.start_ns <= t), default=-1)
        for t, pid in samples
    ]
    assert found == expected


@given(
    changes=st.lists(
        st.tuples(st.integers(1, 50), st.integers(4, 6), st.booleans()), max_size=12
    ).map(sorted),
    samples=st.lists(st.tuples(st.integers(0, 60), st.integers(3, 7))).map(sorted),
)
def test_at_one_moment_a_process_has_one_state_and_the_same_mappings(
    changes: list[tuple[int, int, bool]], samples: list[tuple[int, int]]
) -> None:
    table = _table(
        *(
            recorded.mmap2(t, pid, 0x1000 * t, 0x1000)
            if mapped
            else recorded.comm(t, pid, b"other", exec_=True)
            for t, pid, mapped in changes
        )
    )
    times, pids = (np.array([sample[i] for sample in samples], np.uint64) for i in (0, 1))
    states, moments = (found.tolist() for found in table.assign(pids.astype(np.uint32), times))
    there: dict[tuple[int, int], tuple[int, list[int]]] = {}
    for (time_ns, pid), state, moment in zip(samples, states, moments, strict=True):
        made = [] if state < 0 else table.states[state].space.own
        seen = state, [record.start for record in made if record.time_ns <= time_ns]
        assert there.setdefault((pid, moment), seen) == seen
