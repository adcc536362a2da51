"""What a measurement works with: a run to write into, repetitions, randomness, progress."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from riostat.core.channels import ChannelKind
from riostat.core.clock import Clock
from riostat.core.datadir import DataDirectory
from riostat.core.writer import RunWriter
from riostat.profiler.sampling import sampling

__all__ = ["Evidence", "Experiment"]

_CHANNEL = "claims"


class Evidence:
    """What is measured, written into a run: series by name, and artefacts."""

    def __init__(self, writer: RunWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._channels: dict[str, int] = {}

    def values(self, values: Mapping[str, float], *, unit: str) -> None:
        """Append one value to each of some series, now."""
        now_ns = self._clock.monotonic_ns()
        for name, value in values.items():
            channel = self._channel(f"{_CHANNEL}.{name}", ChannelKind.SERIES, unit)
            self._writer.series(channel, ((now_ns, value),))

    def artefact(self, name: str, data: bytes) -> None:
        """Append a named piece of bytes."""
        self._writer.artefact(self._channel(_CHANNEL, ChannelKind.ARTEFACT, ""), name, data)

    def _channel(self, name: str, kind: ChannelKind, unit: str) -> int:
        if name not in self._channels:
            self._channels[name] = self._writer.channel(name, kind, unit=unit)
        return self._channels[name]


@dataclass(frozen=True, slots=True)
class Experiment:
    """One measurement of one claim, written into the run at `run`.

    With `quick` it takes seconds and its interval is wide. `seed` is for what is drawn at random;
    `progress` is told how many of how many steps are done.
    """

    data: DataDirectory
    run: Path
    evidence: Evidence
    seed: int
    quick: bool
    progress: Callable[[int, int], None]

    def profiled(self, *, frequency_hz: int) -> AbstractContextManager[None]:
        """Sample the whole machine into the run meanwhile; raises `SamplingError`."""
        return sampling(self.run, frequency_hz=frequency_hz, symbols=self.data.symbols)
