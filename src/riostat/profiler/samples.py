"""From chunks of perf records to columns of samples, one row a sample, in the order of time.

Two decoders give the same: one in Python and numpy, which is done before the compiled one is even
loaded where there are few samples, and the compiled one for many. Large recordings are decoded in
batches of bounded size; callchains of small ones are interned when somebody asks for them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from riostat.core.kernelcache import import_kernels
from riostat.profiler.callchains import Callchains, ChainTable, intern_plainly, split_modes
from riostat.profiler.records import SAMPLE, SAMPLE_WORDS, SideRecord, decode_side_records, walk

__all__ = [
    "BATCH_BYTES",
    "Batch",
    "BatchSamples",
    "Limits",
    "SampleColumns",
    "SampleDecoder",
    "Samples",
    "decode_compiled",
    "decode_plainly",
]

Chains: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint64]]

BATCH_BYTES = 64 << 20
"""What is decoded at once, and held in memory until then.

Recordings that are smaller, of some 400,000 samples, are decoded without the compiled decoder:
loading it takes as long as it saves on a million.
"""

_PREFIX_BYTES = 8
_UNKNOWN_EVENT = 0xFFFF
_LOW_HALF = np.uint64(0xFFFFFFFF)
_SHIFT_HALF = np.uint64(32)
_SHIFT_LENGTH = np.uint64(51)


@dataclass(frozen=True, slots=True)
class SampleColumns:
    """One row a sample: time on CLOCK_MONOTONIC, weight as the event's count since the last one."""

    time_ns: NDArray[np.uint64]
    ip: NDArray[np.uint64]
    weight: NDArray[np.uint64]
    cgroup: NDArray[np.uint64]
    pid: NDArray[np.uint32]
    tid: NDArray[np.uint32]
    cpu: NDArray[np.uint16]
    event: NDArray[np.uint16]
    mode: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.time_ns)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Self:
        """Return the columns with these rows alone, in this order."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of all parts, in their order."""
        if len(parts) == 1:
            return parts[0]
        columns = ([getattr(part, field.name) for part in parts] for field in fields(cls))
        return cls(*map(np.concatenate, columns))


class Limits:
    """Which samples are sound, and which of them are wanted.

    Those before `earliest_ns`, where the recording began, and those of an event that is not in
    `event_of_id` are damaged; those with from_ns <= time < to_ns are wanted.
    """

    def __init__(
        self, *, earliest_ns: int, from_ns: int, to_ns: int, event_of_id: Mapping[int, int]
    ) -> None:
        self.times_ns = np.array([earliest_ns, from_ns, to_ns], np.uint64)
        self.ids = np.array(sorted(event_of_id), np.uint64)
        numbers = [event_of_id[identifier] for identifier in sorted(event_of_id)]
        self.events = np.array(numbers, np.uint16)

    def events_of(self, ids: NDArray[np.uint64]) -> NDArray[np.uint16]:
        """Return the number of the event of each sample's id."""
        if not len(self.ids):
            return np.full(len(ids), _UNKNOWN_EVENT, np.uint16)
        places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        known = self.ids[places] == ids
        return np.where(known, self.events[places], np.uint16(_UNKNOWN_EVENT))


class Batch:
    """Chunks to decode: `words` u64 of all, `chunks` i64[c, 2], `latest_ns` u64[c].

    A payload is eight bytes that say which CPU's ring it comes from, and a chunk; what stands
    behind its last whole word is damage.
    """

    def __init__(self, payloads: Sequence[tuple[memoryview, int]]) -> None:
        parts = [payload[_PREFIX_BYTES : len(payload) & ~7] for payload, _ in payloads]
        self.damaged = sum(len(p) < _PREFIX_BYTES or len(p) % 8 != 0 for p, _ in payloads)
        self.data = b"".join(parts)
        self.words = np.frombuffer(self.data, "<u8")
        lengths = np.array([len(part) >> 3 for part in parts], np.int64)
        ends = np.cumsum(lengths)
        self.chunks = np.column_stack([ends - lengths, ends])
        self.latest_ns = np.array([latest for _, latest in payloads], np.uint64)

    def latest_of(self, words: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return after which time nothing can be that stands at these words."""
        return self.latest_ns[np.searchsorted(self.chunks[:, 0], words, side="right") - 1]


@dataclass(frozen=True, slots=True)
class BatchSamples:
    """What a decoder finds in a batch: samples in their order, and where their records begin."""

    columns: SampleColumns
    sample_words: NDArray[np.int64]
    side_words: NDArray[np.int64]
    damaged: int


def decode_plainly(batch: Batch, limits: Limits) -> BatchSamples:
    """Decode a batch in Python and numpy."""
    at, latest_ns, damaged = _records(batch)
    words = batch.words
    headers = words[at]
    of_samples = headers & _LOW_HALF == SAMPLE
    side_words = at[~of_samples]
    lengths = (headers >> _SHIFT_LENGTH).astype(np.int64)
    whole = of_samples & (lengths >= SAMPLE_WORDS)
    damaged += int(np.count_nonzero(of_samples)) - int(np.count_nonzero(whole))
    at, headers, lengths, latest_ns = at[whole], headers[whole], lengths[whole], latest_ns[whole]
    times, events = words[at + 4], limits.events_of(words[at + 1])
    sound = words[at + 7] == (lengths - SAMPLE_WORDS).astype(np.uint64)
    earliest_ns, from_ns, to_ns = limits.times_ns
    sound &= (times >= earliest_ns) & (times <= latest_ns)
    sound &= events != _UNKNOWN_EVENT
    damaged += len(at) - int(np.count_nonzero(sound))
    kept = sound & (times >= from_ns) & (times < to_ns)
    at, headers, lengths = at[kept], headers[kept], lengths[kept]
    tasks = words[at + 3]
    columns = SampleColumns(
        time_ns=times[kept],
        ip=words[at + 2],
        weight=words[at + 6],
        cgroup=words[at + lengths - 1],
        pid=(tasks & _LOW_HALF).astype(np.uint32),
        tid=(tasks >> _SHIFT_HALF).astype(np.uint32),
        cpu=words[at + 5].astype(np.uint16),
        event=events[kept],
        mode=(headers >> _SHIFT_HALF).astype(np.uint8) & np.uint8(7),
    )
    return BatchSamples(columns, at, side_words, damaged)


def _records(batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.uint64], int]:
    """Return where records begin, the latest time of each, and the number of cut chunks."""
    halves = memoryview(batch.data).cast("H")
    starts: list[int] = []
    counts, damaged = [], 0
    for begin, end in batch.chunks.tolist():
        before = len(starts)
        damaged += not walk(halves, 4 * begin, 4 * end, starts)
        counts.append(len(starts) - before)
    return np.array(starts, np.int64) >> 2, np.repeat(batch.latest_ns, counts), damaged


def decode_compiled(batch: Batch, limits: Limits, kernels: ModuleType) -> BatchSamples:
    """Decode a batch with `riostat.profiler.kernels`."""
    room = len(batch.words) // SAMPLE_WORDS
    wide, narrow = np.empty((4, room), np.uint64), np.empty((5, room), np.uint32)
    sample_words, side_words = np.empty(room, np.int64), np.empty(len(batch.words), np.int64)
    kept, sides, damaged = kernels.decode(
        batch.words,
        np.column_stack([batch.chunks.astype(np.uint64), batch.latest_ns]),
        limits.times_ns,
        np.stack([limits.ids, limits.events.astype(np.uint64)]),
        wide,
        narrow,
        sample_words,
        side_words,
    )
    time_ns, ip, weight, cgroup = wide[:, :kept]
    pid, tid, cpu, event, mode = narrow[:, :kept]
    columns = SampleColumns(
        time_ns=time_ns,
        ip=ip,
        weight=weight,
        cgroup=cgroup,
        pid=pid,
        tid=tid,
        cpu=cpu.astype(np.uint16),
        event=event.astype(np.uint16),
        mode=mode.astype(np.uint8),
    )
    return BatchSamples(columns, sample_words[:kept], side_words[:sides], damaged)


class Samples:
    """All samples of a span in the order of time; callchains are made when they are asked for."""

    def __init__(self, columns: SampleColumns, chains: Callable[[], Chains]) -> None:
        order = np.argsort(columns.time_ns, kind="stable")
        self.columns = columns.take(order)
        self._order = order
        self._chains = chains

    def __len__(self) -> int:
        return len(self.columns)

    @cached_property
    def callchains(self) -> Callchains:
        """The callchain of each sample."""
        stacks, offsets, words = self._chains()
        return Callchains(stacks[self._order], *split_modes(offsets, words))


class SampleDecoder:
    """Takes the payloads of a recording's frames, and gives its samples and side records.

    The limits are those of `Limits`. `kernels` is where numba keeps its machine code; it is not
    used for recordings of less than `batch_bytes`. `damaged` counts records.
    """

    def __init__(
        self,
        *,
        earliest_ns: int,
        from_ns: int,
        to_ns: int,
        kernels: Path,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        self.damaged = 0
        self._limits = partial(Limits, earliest_ns=earliest_ns, from_ns=from_ns, to_ns=to_ns)
        self._earliest_ns = earliest_ns
        self._kernels = kernels
        self._batch_bytes = batch_bytes
        self._event_of_id: dict[int, int] = {}
        self._payloads: list[tuple[memoryview, int]] = []
        self._bytes = 0
        self._parts: list[tuple[SampleColumns, NDArray[np.uint32]]] = []
        self._table: ChainTable | None = None
        self._sides: list[SideRecord] = []

    def know(self, event_of_id: Mapping[int, int]) -> None:
        """Take the numbers of the events that write these ids from now on."""
        self._event_of_id.update(event_of_id)

    def add(self, payload: memoryview, *, latest_ns: int) -> None:
        """Take the payload of a frame that was written at `latest_ns`."""
        self._payloads.append((payload, latest_ns))
        self._bytes += len(payload)
        if self._bytes >= self._batch_bytes:
            self._compile()

    def restart(self) -> None:
        """Drop what was taken so far: a later snapshot says what it has led to."""
        self.damaged = 0
        self._payloads.clear()
        self._bytes = 0
        self._parts.clear()
        self._table = None
        self._sides.clear()

    def finish(self) -> tuple[Samples, list[SideRecord]]:
        """Return the samples and the side records, both by time; nothing can be added then."""
        if self._table is None:
            batch = Batch(self._payloads)
            found = decode_plainly(batch, self._limits(event_of_id=self._event_of_id))
            self._take_others(batch, found)
            chains = partial(intern_plainly, batch.data, batch.words, found.sample_words)
            return Samples(found.columns, chains), self._sides
        self._compile()
        stacks = np.concatenate([stacks for _, stacks in self._parts])
        columns = SampleColumns.joined([columns for columns, _ in self._parts])
        self._sides.sort(key=attrgetter("time_ns"))
        return Samples(columns, partial(_chains, stacks, self._table)), self._sides

    def _compile(self) -> None:
        """Decode what waits with the compiled decoder."""
        kernels = import_kernels("riostat.profiler.kernels", self._kernels)
        if self._table is None:
            self._table = ChainTable(kernels)
        batch = Batch(self._payloads)
        found = decode_compiled(batch, self._limits(event_of_id=self._event_of_id), kernels)
        self._take_others(batch, found)
        stacks = self._table.intern(batch.words, found.sample_words)
        self._parts.append((found.columns, stacks))
        self._payloads.clear()
        self._bytes = 0

    def _take_others(self, batch: Batch, found: BatchSamples) -> None:
        sides, damaged = decode_side_records(
            batch.data,
            (found.side_words * 8).tolist(),
            earliest_ns=self._earliest_ns,
            latest_ns=batch.latest_of(found.side_words).tolist(),
        )
        self._sides += sides
        self.damaged += batch.damaged + found.damaged + damaged


def _chains(stacks: NDArray[np.uint32], table: ChainTable) -> Chains:
    return stacks, *table.chains()
