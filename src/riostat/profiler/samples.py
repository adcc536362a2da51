"""From chunks of perf records to columns of samples, one row a sample, in the order of time.

Two decoders give the same: one in Python and numpy, which is done before the compiled one is even
loaded where there are few samples, and the compiled one for many. Large recordings are decoded in
batches of bounded size; callchains of small ones are interned when somebody asks for them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from riostat.core.kernelcache import import_kernels
from riostat.core.memory import fresh_memory
from riostat.profiler.callchains import Callchains, ChainTable, intern_plainly, split_modes
from riostat.profiler.chunks import Batch, record_starts
from riostat.profiler.records import SAMPLE, SAMPLE_WORDS, SideRecord, decode_side_records

__all__ = [
    "COMPILED_BYTES",
    "BatchSamples",
    "Limits",
    "SampleColumns",
    "SampleDecoder",
    "Samples",
    "decode_compiled",
    "decode_plainly",
]

Chains: TypeAlias = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint64]]

COMPILED_BYTES = 64 << 20
"""How much is decoded before compiled code takes over, and kept for its callchains until then.

Loading it takes as long as it saves on some three times as many samples.
"""

# So much at a time that what is made on the way stays in the CPU's cache.
_BATCH_BYTES = 2 << 20
# Those of the columns, the widest first, so that each is aligned behind the others.
_DTYPES = [np.dtype(code) for code in ("u8", "u8", "u8", "u8", "u4", "u4", "u2", "u2", "u1")]
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

    @classmethod
    def room(cls, count: int) -> Self:
        """Return columns of so many rows, to be filled in."""
        memory = fresh_memory(count * sum(dtype.itemsize for dtype in _DTYPES))
        columns, offset = [], 0
        for dtype in _DTYPES:
            columns.append(np.ndarray(count, dtype, memory, offset))
            offset += columns[-1].nbytes
        return cls(*columns)

    @property
    def columns(self) -> Sequence[NDArray[np.unsignedinteger]]:
        """All columns, in the order in which they stand above."""
        return [getattr(self, name) for name in self.__slots__]

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Return the columns with these rows alone, in this order."""
        return self._filled(self.columns, rows)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> tuple[Self, NDArray[np.int64]]:
        """Return the rows of all parts by time, and where each stood behind one another."""
        order = np.argsort(np.concatenate([part.time_ns for part in parts]), kind="stable")
        pieces = zip(*(part.columns for part in parts), strict=True)
        return cls._filled(map(np.concatenate, pieces), order), order

    @classmethod
    def _filled(
        cls, columns: Iterable[NDArray[np.unsignedinteger]], rows: NDArray[np.int64]
    ) -> Self:
        filled = cls.room(len(rows))
        for room, column in zip(filled.columns, columns, strict=True):
            np.take(column, rows, out=room, mode="clip")  # the default mode makes a copy of `out`
        return filled


class Limits:
    """Which samples are sound, and which of them are wanted.

    Those before `earliest_ns`, where the recording began, and those of an event that is not in
    `event_of_id` are damaged; those with from_ns <= time < to_ns are wanted.
    """

    def __init__(
        self, earliest_ns: int, from_ns: int, to_ns: int, event_of_id: Mapping[int, int]
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


@dataclass(frozen=True, slots=True)
class BatchSamples:
    """What a decoder finds in a batch: samples in their order, and where their records begin."""

    columns: SampleColumns
    sample_words: NDArray[np.int64]
    side_words: NDArray[np.int64]
    damaged: int


def decode_plainly(batch: Batch, limits: Limits) -> BatchSamples:
    """Decode a batch in Python and numpy."""
    at, damaged = record_starts(batch)
    headers = batch.words.take(at)
    of_samples = headers & _LOW_HALF == SAMPLE
    side_words = at[~of_samples]
    lengths = (headers >> _SHIFT_LENGTH).astype(np.int64)
    whole = of_samples & (lengths >= SAMPLE_WORDS)
    damaged += int(np.count_nonzero(of_samples)) - int(np.count_nonzero(whole))
    at, headers, lengths = _where(whole, at, headers, lengths)
    times, events = batch.words.take(at + 4), limits.events_of(batch.words.take(at + 1))
    sound = batch.words.take(at + 7) == (lengths - SAMPLE_WORDS).astype(np.uint64)
    earliest_ns, from_ns, to_ns = limits.times_ns
    sound &= (times >= earliest_ns) & (times <= batch.latest_of(at))
    sound &= events != _UNKNOWN_EVENT
    damaged += len(at) - int(np.count_nonzero(sound))
    kept = sound & (times >= from_ns) & (times < to_ns)
    at, headers, lengths, times, events = _where(kept, at, headers, lengths, times, events)
    tasks = batch.words.take(at + 3)
    columns = SampleColumns(
        time_ns=times,
        ip=batch.words.take(at + 2),
        weight=batch.words.take(at + 6),
        cgroup=batch.words.take(at + lengths - 1),
        pid=(tasks & _LOW_HALF).astype(np.uint32),
        tid=(tasks >> _SHIFT_HALF).astype(np.uint32),
        cpu=batch.words.take(at + 5).astype(np.uint16),
        event=events,
        mode=(headers >> _SHIFT_HALF).astype(np.uint8) & np.uint8(7),
    )
    return BatchSamples(columns, at, side_words, damaged)


def _where(wanted: NDArray[np.bool_], *columns: NDArray[Any]) -> Sequence[NDArray[Any]]:
    """Return the rows of columns that are wanted, mostly all of them."""
    return columns if wanted.all() else [column[wanted] for column in columns]


def decode_compiled(batch: Batch, limits: Limits, kernels: ModuleType) -> BatchSamples:
    """Decode a batch with `riostat.profiler.kernels`."""
    room = len(batch.words) // SAMPLE_WORDS
    wide, narrow = np.empty((4, room), np.uint64), np.empty((5, room), np.uint32)
    sample_words, side_words = np.empty(room, np.int64), np.empty(len(batch.words), np.int64)
    kept, sides, damaged = kernels.decode(
        batch.words,
        batch.chunks,
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

    def __init__(self, parts: Sequence[SampleColumns], chains: Callable[[], Chains]) -> None:
        self.columns, self._order = SampleColumns.joined(parts)
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
    used before `compiled_bytes` have come. `damaged` counts records.
    """

    def __init__(
        self,
        *,
        earliest_ns: int,
        from_ns: int,
        to_ns: int,
        kernels: Path,
        compiled_bytes: int = COMPILED_BYTES,
    ) -> None:
        self._bounds = earliest_ns, from_ns, to_ns
        self._kernels = kernels
        self._compiled_bytes = compiled_bytes
        self._event_of_id: dict[int, int] = {}
        self._limits = Limits(*self._bounds, self._event_of_id)
        self.restart()

    def restart(self) -> None:
        """Drop what was taken so far: a later snapshot says what it has led to."""
        self.damaged = 0
        self._waiting: list[tuple[memoryview, int]] = []
        self._waiting_bytes = 0
        self._taken_bytes = 0
        self._columns: list[SampleColumns] = []
        self._chained: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []
        self._stacks: list[NDArray[np.uint32]] = []
        self._table: ChainTable | None = None
        self._sides: list[SideRecord] = []

    def know(self, event_of_id: Mapping[int, int]) -> None:
        """Take the numbers of the events that write these ids from now on."""
        self._event_of_id |= event_of_id
        self._limits = Limits(*self._bounds, self._event_of_id)

    def add(self, payload: memoryview, *, latest_ns: int) -> None:
        """Take the payload of a frame that was written at `latest_ns`.

        Some that lie in one buffer, as they come from a file, are decoded together.
        """
        if self._waiting and (
            self._waiting[0][0].obj is not payload.obj or self._waiting_bytes >= _BATCH_BYTES
        ):
            self._decode()
        self._waiting.append((payload, latest_ns))
        self._waiting_bytes += len(payload)

    def finish(self) -> tuple[Samples, list[SideRecord]]:
        """Return the samples and the side records, both by time; nothing can be added then."""
        self._decode()
        self._sides.sort(key=attrgetter("time_ns"))
        return Samples(self._columns, self._chains), self._sides

    def _decode(self) -> None:
        """Decode what waits; once there is much, by compiled code."""
        batch = Batch(self._waiting)
        self._taken_bytes += self._waiting_bytes
        self._waiting, self._waiting_bytes = [], 0
        if self._taken_bytes < self._compiled_bytes:
            found = decode_plainly(batch, self._limits)
            self._chained.append((batch.words, found.sample_words))
        else:
            kernels = import_kernels("riostat.profiler.kernels", self._kernels)
            self._table = self._table or ChainTable(kernels)
            found = decode_compiled(batch, self._limits, kernels)
            self._chained.append((batch.words, found.sample_words))
            self._stacks += [self._table.intern(*chained) for chained in self._chained]
            self._chained.clear()
        self._columns.append(found.columns)
        sides, damaged = decode_side_records(
            batch.words.data.cast("B"),
            (found.side_words * 8).tolist(),
            earliest_ns=self._bounds[0],
            latest_ns=batch.latest_of(found.side_words).tolist(),
        )
        self._sides += sides
        self.damaged += batch.damaged + found.damaged + damaged

    def _chains(self) -> Chains:
        if self._table is None:
            return intern_plainly(self._chained)
        return np.concatenate(self._stacks), *self._table.chains()
