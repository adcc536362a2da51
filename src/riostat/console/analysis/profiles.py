"""Profiles as the worker keeps them: read once for all events, and the last few kept."""

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from riostat.console.analysis.question import SpanQuery
from riostat.console.runs import RunCatalogue, Signature
from riostat.core.datadir import DataDirectory
from riostat.core.errors import ProfileError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.span import Span
from riostat.profiler.profile import Profile
from riostat.profiler.reading import Reading, read_profile
from riostat.profiler.symbols.symbolizer import Symbolizer

__all__ = ["Profiles", "SpanProfiles"]

_KEPT = 2


class SpanProfiles:
    """The profiles of one span of a run, one for each event."""

    def __init__(self, run: Run, span: SpanQuery, reading: Reading, symbols: Symbolizer) -> None:
        self.run = run
        self.span = span
        self._reading = reading
        self._symbols = symbols
        self._profiles: dict[str, Profile] = {}

    @cached_property
    def events(self) -> tuple[str, ...]:
        """The events that were recorded."""
        return self.of(None).events

    @property
    def start_s(self) -> float:
        """Where the span begins, in seconds from the start of the run."""
        return (self._reading.started_ns - self.run.started_ns) / 1e9

    @property
    def end_s(self) -> float:
        """Where the span ends, in seconds from the start of the run."""
        return self.start_s + self._reading.seconds

    def of(self, event: str | None) -> Profile:
        """Return the profile of an event, of the first one for None."""
        profile = self._profiles.get(event or "")
        if profile is None:
            profile = Profile(self._reading, self._symbols, event)
            self._profiles[event or ""] = self._profiles[profile.event] = profile
        return profile


@dataclass(frozen=True, slots=True)
class _Kept:
    signature: Signature
    profiles: SpanProfiles


class Profiles:
    """Reads the profiles of spans, and keeps the last few until their run changes."""

    def __init__(self, data: DataDirectory) -> None:
        self._catalogue = RunCatalogue(RunDirectory(data.runs))
        self._symbols = Symbolizer(data.symbols)
        self._kernels = data.kernels
        self._kept: OrderedDict[SpanQuery, _Kept] = OrderedDict()

    def load(self, query: SpanQuery) -> SpanProfiles:
        """Return the profiles of a span; raises `RunError` and `ProfileError`."""
        path = Path(query.path)
        signature = self._catalogue.signature(path)
        kept = self._kept.pop(query, None)
        if kept is None or kept.signature != signature:
            kept = _Kept(signature, self._read(path, query))
        self._kept[query] = kept
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return kept.profiles

    def _read(self, path: Path, query: SpanQuery) -> SpanProfiles:
        run = Run.open(path)
        whole = query.from_s is None and query.to_s is None
        span = None if whole else Span(path.name, query.from_s, query.to_s)
        reading = read_profile(run, span, kernels=self._kernels)
        if not reading.description.events:
            raise ProfileError(f"The run {path.name} says of no event that it was sampled.")
        return SpanProfiles(run, query, reading, self._symbols)
