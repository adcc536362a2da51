"""Opening the profile that a person named."""

from pathlib import Path

from riostat.core.datadir import DataDirectory
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.span import parse_span
from riostat.profiler.profile import Profile
from riostat.profiler.symbols.symbolizer import Symbolizer
from riostat.profiler.work import WORK_UNITS, work_in

__all__ = ["load_profile", "load_work"]


def load_profile(root: Path, reference: str, event: str | None) -> Profile:
    """Return the profile of ``RUN[@FROM..TO]`` in the data directory `root`."""
    data = DataDirectory(root)
    span = parse_span(reference)
    run = Run.open(RunDirectory(data.runs).find(span.run))
    return Profile.load(
        run, span, symbols=Symbolizer(data.symbols), kernels=data.kernels, event=event
    )


def load_work(root: Path, reference: str, profile: Profile, unit: str) -> float | None:
    """Return how many units of work were done in the time of a profile of ``RUN[@FROM..TO]``.

    None where runs do not count such units.
    """
    if unit not in WORK_UNITS:
        return None
    run = Run.open(RunDirectory(DataDirectory(root).runs).find(parse_span(reference).run))
    started_ns = profile.started_ns
    ended_ns = started_ns + round(profile.seconds * 1e9)
    return work_in(run, unit, from_ns=started_ns, to_ns=ended_ns)
