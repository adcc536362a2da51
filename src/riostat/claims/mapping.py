"""What part of a program's CPU time goes into mapping memory, as a profile tells it."""

import re
from collections.abc import Sequence

import numpy as np

from riostat.claims.experiment import Experiment
from riostat.core.errors import ClaimError
from riostat.core.run import Run
from riostat.profiler.profile import Profile
from riostat.profiler.symbols.symbolizer import Symbolizer
from riostat.switch.bench.measurement import Repetition

__all__ = ["mapping_shares"]

# System calls and the fault that brings a page in, as x86-64 and 64-bit ARM name them.
_MAPPING = re.compile(
    r"__(?:x64|arm64)_sys_(?:mmap|munmap)|ksys_mmap_pgoff|vm_mmap_pgoff|exc_page_fault|do_page_fault"
)


def mapping_shares(
    experiment: Experiment, repetitions: Sequence[Repetition], pid: int
) -> list[float]:
    """Return for each repetition the part of a process's CPU time that goes into mapping memory.

    Raises `ClaimError` where it has no samples in one.
    """
    profile = Profile.load(
        Run.open(experiment.run),
        symbols=Symbolizer(experiment.data.symbols),
        kernels=experiment.data.kernels,
    )
    chains = profile.chains
    maps = np.array([bool(_MAPPING.fullmatch(name)) for name in chains.symbol_names] or [False])
    mapping = np.logical_or.reduceat(maps[chains.symbols], chains.offsets[:-1])[chains.codes]
    own = profile.samples.pid == pid
    times_ns = profile.samples.time_ns
    shares = []
    for repetition in repetitions:
        hit = own & (times_ns >= repetition.started_ns) & (times_ns < repetition.ended_ns)
        total = float(profile.weights[hit].sum())
        if not total:
            raise ClaimError(
                f"The profile has no sample of process {pid} in a repetition; measure with --full."
            )
        shares.append(float(profile.weights[hit & mapping].sum()) / total)
    return shares
