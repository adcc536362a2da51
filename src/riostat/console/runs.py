"""What is recorded: the runs of the data directory, as the pages and the API list them."""

import shlex
from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Self, TypeAlias

import msgspec

from riostat.core.errors import RunError
from riostat.core.manifest import Manifest
from riostat.core.run import Run, RunState
from riostat.core.runs import RunDirectory
from riostat.core.text import printable
from riostat.core.writer import is_being_written

__all__ = ["ChannelEntry", "MachineEntry", "RunCatalogue", "RunDetail", "RunSummary"]

_STATES = 256
_LONGEST_REFERENCE = 100

Signature: TypeAlias = tuple[bool, tuple[tuple[str, int, int], ...]]


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One run in a list; `channels` is how many it has."""

    id: str
    started: str
    seconds: float
    command: str
    channels: int
    bytes: int
    complete: bool
    rolling: bool
    recording: bool
    href: str


class ChannelEntry(msgspec.Struct, frozen=True):
    """One channel of a run."""

    name: str
    kind: str
    unit: str
    count: int


class MachineEntry(msgspec.Struct, frozen=True):
    """The machine that a run was recorded on."""

    hostname: str
    system: str
    kernel: str
    architecture: str
    cpu_model: str
    cpus: int
    memory_bytes: int

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Return the machine of a manifest."""
        machine = manifest.machine
        return cls(
            hostname=printable(machine.hostname),
            system=f"Linux {printable(machine.kernel)}",
            kernel=printable(machine.kernel),
            architecture=printable(machine.architecture),
            cpu_model=printable(machine.cpu_model),
            cpus=machine.cpus,
            memory_bytes=machine.memory_bytes,
        )


class RunDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One run by itself: a summary with its channels, its machine and what is damaged."""

    id: str
    started: str
    seconds: float
    command: str
    channels: list[ChannelEntry]
    bytes: int
    complete: bool
    rolling: bool
    recording: bool
    href: str
    machine: MachineEntry
    damage: list[str]


class RunCatalogue:
    """The runs of one directory. May be asked from several threads.

    What a run's files say is kept until one of them changes.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self._states: OrderedDict[Path, tuple[Signature, RunState]] = OrderedDict()
        self._lock = Lock()

    def find(self, reference: str) -> Path:
        """Return the directory of the run with this name.

        Raises `RunError`. Unlike the command line no path is taken: the pages show the data
        directory and nothing else of the machine.
        """
        plain = reference.replace("/", "?").replace("\0", "?")
        return self._directory.find(plain[: _LONGEST_REFERENCE + 1])

    def count(self) -> int:
        """Return how many runs there are."""
        return len(self._directory.paths())

    def signature(self, path: Path) -> Signature:
        """Return what changes whenever the run does: its files, and whether one is written."""
        return _signature(Run.open(path))

    def summaries(
        self, *, rolling: bool = True, most: int | None = None
    ) -> tuple[list[RunSummary], list[str]]:
        """Return the `most` newest runs, or all, and a sentence for each that cannot be read."""
        found, problems = [], []
        for path in self._directory.paths():
            try:
                run = Run.open(path)
            except RunError as error:
                problems.append(str(error))
                continue
            if rolling or not run.manifest.rolling:
                found.append(run)
        found.sort(key=lambda run: run.manifest.started_realtime_ns, reverse=True)
        summaries = []
        for run in found[:most]:
            try:
                summaries.append(_summary(run, self._state(run)))
            except RunError as error:
                problems.append(str(error))
        return summaries, problems

    def detail(self, reference: str) -> RunDetail:
        """Return one run; raises `RunError`."""
        run = Run.open(self.find(reference))
        state = self._state(run)
        fields = msgspec.structs.asdict(_summary(run, state))
        fields["channels"] = [
            ChannelEntry(c.name, c.kind.value, c.unit, c.count) for c in state.channels
        ]
        return RunDetail(
            **fields, machine=MachineEntry.of(run.manifest), damage=[*map(printable, state.damage)]
        )

    def _state(self, run: Run) -> RunState:
        signature = _signature(run)
        with self._lock:
            kept = self._states.get(run.path)
            if kept is not None and kept[0] == signature:
                self._states.move_to_end(run.path)
                return kept[1]
        state = run.state()
        with self._lock:
            self._states[run.path] = (signature, state)
            while len(self._states) > _STATES:
                self._states.popitem(last=False)
        return state


def _signature(run: Run) -> Signature:
    paths = run.files()
    return any(map(is_being_written, paths)), tuple(_stamps(paths))


def _stamps(paths: Iterable[Path]) -> Iterable[tuple[str, int, int]]:
    for path in paths:
        try:
            status = path.stat()
        except FileNotFoundError:
            continue  # a rolling recording dropped it meanwhile
        yield path.name, status.st_size, status.st_mtime_ns


def _summary(run: Run, state: RunState) -> RunSummary:
    manifest = run.manifest
    started = datetime.fromtimestamp(manifest.started_realtime_ns / 1e9, UTC)
    return RunSummary(
        id=run.path.name,
        started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(state.seconds, 6),
        command=printable(shlex.join(manifest.command)),
        channels=len(state.channels),
        bytes=state.bytes,
        complete=state.complete,
        rolling=manifest.rolling,
        recording=state.recording,
        href=f"/runs/{run.path.name}",
    )
