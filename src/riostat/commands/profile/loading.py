"""Opening the profile that a person named."""

from pathlib import Path

from riostat.core.datadir import DataDirectory
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.span import parse_span
from riostat.profiler.profile import Profile
from riostat.profiler.symbols.symbolizer import Symbolizer

__all__ = ["load_profile"]


def load_profile(root: Path, reference: str, event: str | None) -> Profile:
    """Return the profile of ``RUN[@FROM..TO]`` in the data directory `root`."""
    data = DataDirectory(root)
    span = parse_span(reference)
    run = Run.open(RunDirectory(data.runs).find(span.run))
    return Profile.load(
        run, span, symbols=Symbolizer(data.symbols), kernels=data.kernels, event=event
    )
