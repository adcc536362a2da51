"""A profile: the samples of one event in a span of a run, and what each of them hit.

What nobody asks for is not worked out: processes without functions, functions without callchains.
And what is asked for is worked out once for all samples that differ in time and weight alone: they
are of one kind. What cannot be told is a row of its own, in brackets, and is never dropped.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from riostat.core.domain import Domain, DomainKind
from riostat.core.errors import ProfileError
from riostat.core.memory import keep_freed_memory
from riostat.core.run import Run
from riostat.core.span import Span
from riostat.core.text import printable
from riostat.profiler.callchains import Mode
from riostat.profiler.cgroups import process_domain
from riostat.profiler.distinct import distinct, distinct_rows
from riostat.profiler.locations import Addresses, Chains, Locations, Locator, locate_chains
from riostat.profiler.processes import ProcessState, ProcessTable
from riostat.profiler.reading import Description, EventDescription, Reading, read_profile
from riostat.profiler.samples import SampleColumns
from riostat.profiler.symbols.symbolizer import Symbolizer

__all__ = ["KEYS", "KINDRED_KEYS", "Profile"]

KEYS: Final = ("domain", "process", "pid", "module", "symbol", "cpu", "mode")
"""What samples can be told apart by."""

KINDRED_KEYS: Final = tuple(key for key in KEYS if key != "cpu")
"""What all samples of a kind have the same value of."""

_MODE_NAMES = tuple(mode.name.lower().replace("_", " ") for mode in Mode)
_UNKNOWN_DOMAIN = Domain("[unknown]", DomainKind.HOST)
# The idle tasks are no processes; -1 is what the kernel writes for a task that has been reaped.
_NAMES_OF_PIDS = {0: "swapper", 0xFFFFFFFF: "[exited]"}


class Profile:
    """The samples of one event, by time.

    `samples` are columns of n rows and `weights` f64[n] what each counts: the event's count since
    the sample before, nanoseconds of CPU time for cpu-clock. The profile covers `seconds` from
    `started_ns` on (CLOCK_MONOTONIC); `lost` records found no room; `cpus` were sampled, idle for
    `idle_seconds` together, None where nobody counted. `frequency_hz` or `period` was asked for.
    """

    def __init__(self, reading: Reading, symbols: Symbolizer, event: str | None) -> None:
        described = _find_event(reading.description, event)
        self.events = tuple(printable(event.name) for event in reading.description.events)
        self.event = printable(described.name)
        self.frequency_hz = described.frequency_hz
        self.period = described.period
        self.cpus = tuple(reading.description.cpus)
        self.started_ns = reading.started_ns
        self.seconds = reading.seconds
        self.lost = reading.lost
        self.idle_seconds = reading.idle_seconds
        self.samples, self._rows = _of_event(reading, described)
        self.weights: NDArray[np.float64] = self.samples.weight.astype(np.float64)
        self._reading = reading
        self._symbols = symbols

    @classmethod
    def load(
        cls,
        run: Run,
        span: Span | None = None,
        *,
        symbols: Symbolizer,
        kernels: Path,
        event: str | None = None,
    ) -> Self:
        """Read the profile of a run, or of a span of it.

        `kernels` is where numba keeps its machine code; `event` is one of those recorded, the first
        if None. Raises `RunError` for what cannot be read and `ProfileError` where there is no such
        event or no profile. Damage inside is left out and told in `notes`.
        """
        keep_freed_memory()  # for columns, which are made and dropped one after another
        return cls(read_profile(run, span, kernels=kernels), symbols, event)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the profile must know, a sentence each.

        That the kernel's functions have no names is among them once they were asked for.
        """
        reading, description = self._reading, self._reading.description
        notes = [description.fallback, description.restriction]
        if reading.throttled:
            notes.append(
                f"The kernel held sampling back {reading.throttled} times: samples took too long "
                "at this rate, and some are missing."
            )
        if reading.damaged + self._processes.damaged:
            notes.append(
                f"{reading.damaged + self._processes.damaged} records are damaged or foreign and "
                "were left out."
            )
        notes += reading.damage
        if "_locator" in self.__dict__:
            notes.append(self._locator.kernel_reason)
        return tuple(printable(note) for note in notes if note)

    def codes(self, key: str) -> tuple[NDArray[np.int32], Sequence[str]]:
        """Return each sample's value of one of `KEYS`: i32[n], places in the list of names."""
        if key == "cpu":
            return _numbered(self.samples.cpu)
        codes, names = self.codes_of_kinds(key)
        return codes[self.kinds], names

    def codes_of_kinds(self, key: str) -> tuple[NDArray[np.int32], Sequence[str]]:
        """Return the value of one of `KINDRED_KEYS` for each of the `kinds`, as `codes` does."""
        codes: NDArray[np.int32]
        names: Sequence[str]
        match key:
            case "domain":
                codes, domains = self._domains
                names = [domain.name for domain in domains]
            case "process":
                codes, names = self._process_names
            case "pid":
                codes, names = _numbered(self._kindred.pid)
            case "mode":
                codes = np.array([*range(len(_MODE_NAMES)), 0, 0], np.int32)[self._kindred.mode]
                names = _MODE_NAMES
            case "module":
                codes, names = self._locations.modules, self._locator.module_names
            case _:
                assert key == "symbol", key
                codes, names = self._locations.symbols, self._locator.symbol_names
        return codes, names

    @property
    def kinds(self) -> NDArray[np.int64]:
        """The kind of each sample, i64[n]."""
        return self._kinds[1]

    @property
    def domains(self) -> tuple[NDArray[np.int32], Sequence[Domain]]:
        """The domain of each sample: i32[n], places in the list of domains."""
        codes, domains = self._domains
        return codes[self.kinds], domains

    @cached_property
    def _kinds(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """A sample of each kind, and the kind of each sample."""
        samples, moments = self.samples, self._assigned[1]
        return distinct_rows([samples.ip, samples.cgroup, samples.pid, moments, samples.mode])

    @cached_property
    def _kindred(self) -> SampleColumns:
        return self.samples.take(self._kinds[0])

    @cached_property
    def _states_of_kinds(self) -> NDArray[np.int32]:
        return self._assigned[0][self._kinds[0]]

    @cached_property
    def _domains(self) -> tuple[NDArray[np.int32], Sequence[Domain]]:
        """The domain of each kind."""
        cgroups, cgroup_of = distinct(self._kindred.cgroup)
        states = self._processes.states
        pairs, pair_of = distinct(cgroup_of * (len(states) + 1) + self._states_of_kinds + 1)
        domains: dict[Domain, int] = {}
        codes = []
        for pair in pairs.tolist():
            cgroup, state = divmod(pair, len(states) + 1)
            domain = self._domain(int(cgroups[cgroup]), states[state - 1] if state else None)
            codes.append(domains.setdefault(domain, len(domains)))
        return np.array(codes, np.int32)[pair_of], list(domains)

    def _domain(self, cgroup: int, state: ProcessState | None) -> Domain:
        path = self._reading.cgroups.get(cgroup)
        if path is None and state is None:
            return _UNKNOWN_DOMAIN
        if path is None and state is not None:
            path = state.cgroup_path
        namespaces = state.namespaces if state is not None else {}
        return process_domain(path or "/", namespaces, self._processes.host_namespaces)

    @cached_property
    def chains(self) -> Chains:
        """The callchains of the samples."""
        samples, rows = self.samples, self._rows
        addresses = Addresses(samples.ip, samples.mode, self._assigned[0], samples.time_ns)
        callchains = self._reading.samples.callchains
        return locate_chains(callchains, rows, addresses, self._locator)

    @cached_property
    def _processes(self) -> ProcessTable:
        return ProcessTable(self._reading.snapshots, self._reading.records)

    @cached_property
    def _assigned(self) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
        """The place of each sample's process among its states, or -1, and its moment."""
        return self._processes.assign(self.samples.pid, self.samples.time_ns)

    @cached_property
    def _locator(self) -> Locator:
        reading = self._reading
        return Locator(
            self._processes,
            self._symbols,
            reading.description,
            reading.records,
            reading.perf_maps,
        )

    @cached_property
    def _locations(self) -> Locations:
        """Where each kind lies; all samples of one were met between the same mappings."""
        samples = self._kindred
        return self._locator.locate(
            Addresses(samples.ip, samples.mode, self._states_of_kinds, samples.time_ns)
        )

    @cached_property
    def _process_names(self) -> tuple[NDArray[np.int32], Sequence[str]]:
        """The name of each kind's process; one that nobody named is called by its number."""
        # A state's key is its place, a process without one has the key of its number behind them.
        states = self._processes.states
        unnamed = np.array([state.comm is None for state in states] + [True])[self._states_of_kinds]
        by_pid = self._kindred.pid.astype(np.int64) + len(states)
        keys, key_of = distinct(np.where(unnamed, by_pid, self._states_of_kinds))
        names: dict[str, int] = {}
        codes = []
        for key in keys.tolist():
            comm = states[key].comm if key < len(states) else None
            name = _name_of_pid(key - len(states)) if comm is None else printable(comm)
            codes.append(names.setdefault(name, len(names)))
        return np.array(codes, np.int32)[key_of], list(names)


def _find_event(description: Description, name: str | None) -> EventDescription:
    if name is None:
        return description.events[0]
    for event in description.events:
        if event.name == name:
            return event
    known = ", ".join(printable(event.name) for event in description.events)
    raise ProfileError(f"The run has no samples of the event {printable(name)!r}; it has {known}.")


def _of_event(reading: Reading, event: EventDescription) -> tuple[SampleColumns, NDArray[np.int64]]:
    """Return the samples of an event, and which of all samples they are."""
    columns = reading.samples.columns
    rows = np.flatnonzero(columns.event == reading.event_numbers[event.name])
    return columns if len(rows) == len(columns) else columns.take(rows), rows


def _numbered(values: NDArray[np.unsignedinteger]) -> tuple[NDArray[np.int32], Sequence[str]]:
    different, places = distinct(values)
    return places.astype(np.int32), [str(value) for value in different.tolist()]


def _name_of_pid(pid: int) -> str:
    return _NAMES_OF_PIDS.get(pid, f"pid {pid}")
