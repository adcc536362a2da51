"""Turns of the switch's bench, for claims on what its configurations are worth."""

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from riostat.claims.claim import Measurement
from riostat.claims.experiment import Experiment
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.intervals import median_interval
from riostat.core.seriesfile import SeriesFile
from riostat.switch.bench.configurations import CONFIGURATIONS
from riostat.switch.bench.measurement import Bench, Repetition, place
from riostat.switch.recording import SwitchRecording

__all__ = ["Turn", "bench_of", "gbps", "median_of", "take_turns"]

_GUESTS = 4
_FRAME_BYTES = 1500

Turn = dict[str, Repetition]
"""What each configuration did in one turn, by its name."""


def take_turns(
    bench: Bench, experiment: Experiment, names: Sequence[str], turns: int
) -> list[Turn]:
    """Have some configurations move 1500-byte frames to every guest, in turn.

    Raises `SwitchError`.
    """
    chosen = [each for each in CONFIGURATIONS if each.name in names]
    assert len(chosen) == len(names), names
    taken = []
    for number in range(turns):
        experiment.progress(number, turns)
        turn = {
            configuration.name: bench.repetition(
                configuration, frame_bytes=_FRAME_BYTES, frames=configuration.frames
            )
            for configuration in chosen
        }
        rates = {f"{name}.gbps": gbps(each) for name, each in turn.items()}
        experiment.evidence.values(rates, unit="Gb/s")
        taken.append(turn)
    experiment.progress(turns, turns)
    return taken


@contextmanager
def bench_of(experiment: Experiment) -> Iterator[Bench]:
    """Start a bench with four guests, whose counters go into the experiment's run."""
    with (
        SeriesFile(experiment.run, "switch", None, SYSTEM_CLOCK) as file,
        Bench(
            guests=_GUESTS,
            placement=place(),
            kernels=experiment.data.kernels,
            recording=SwitchRecording(file, SYSTEM_CLOCK),
            clock=SYSTEM_CLOCK,
        ) as bench,
    ):
        yield bench


def gbps(repetition: Repetition) -> float:
    """Return the rate in Gb/s at which frames were delivered."""
    elapsed_ns = repetition.ended_ns - repetition.started_ns
    return repetition.frames * repetition.frame_bytes * 8 / elapsed_ns


def median_of(values: Sequence[float], details: dict[str, float]) -> Measurement:
    """Return the median of values of turns, with its interval."""
    interval = median_interval(values)
    return Measurement(statistics.median(values), interval.low, interval.high, details)
