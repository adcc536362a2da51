"""The shares of programs with a known mix, as a profile tells them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from riostat.claims.experiment import Experiment
from riostat.claims.mix import FUNCTIONS, Row
from riostat.core.intervals import Estimates, block_bootstrap_shares
from riostat.core.run import Run
from riostat.core.span import Span
from riostat.profiler.profile import Profile
from riostat.profiler.symbols.symbolizer import Symbolizer

__all__ = ["estimate_shares"]

_BINS = 60


def estimate_shares(
    experiment: Experiment, began_ns: int, ended_ns: int, rows: Sequence[Row]
) -> Estimates:
    """Return the shares of rows in the CPU time of their programs' functions, in a time.

    A row in another domain than the program was in has nothing.
    """
    run = Run.open(experiment.run)
    began_s, ended_s = ((time_ns - run.started_ns) / 1e9 for time_ns in (began_ns, ended_ns))
    profile = Profile.load(
        run,
        Span(run.id, began_s, ended_s),
        symbols=Symbolizer(experiment.data.symbols),
        kernels=experiment.data.kernels,
    )
    domains, symbols = (
        np.array(names)[codes] for codes, names in map(profile.codes, ("domain", "symbol"))
    )
    pids = profile.samples.pid
    mixed = np.isin(pids, [row.pid for row in rows]) & np.isin(symbols, FUNCTIONS)
    edges = np.linspace(began_ns, ended_ns, _BINS + 1)

    def by_time(hit: NDArray[np.bool_]) -> NDArray[np.float64]:
        times_ns = profile.samples.time_ns[hit]
        return np.histogram(times_ns, edges, weights=profile.weights[hit])[0]

    columns = [
        by_time(
            mixed
            & (pids == row.pid)
            & (domains == row.domain)
            & ((symbols == row.function) | (not row.function))
        )
        for row in rows
    ]
    samples = float(np.count_nonzero(mixed))
    return block_bootstrap_shares(np.column_stack(columns), by_time(mixed), samples=samples)
