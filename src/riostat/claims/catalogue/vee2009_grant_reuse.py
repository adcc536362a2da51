"""vee2009-grant-reuse: grants that stay remove what protecting memory costs."""

from riostat.claims.catalogue.sources import VEE_2009
from riostat.claims.claim import Claim, Measurement, Rule, Setting
from riostat.claims.experiment import Experiment

__all__ = ["CLAIM"]

_FREQUENCY_HZ = 1997
_QUICK_TURNS, _FULL_TURNS = 6, 25


def _measure(experiment: Experiment) -> Measurement:
    import statistics

    from riostat.claims.mapping import mapping_shares
    from riostat.claims.switching import bench_of, median_of, take_turns

    turns = _QUICK_TURNS if experiment.quick else _FULL_TURNS
    with bench_of(experiment) as bench, experiment.profiled(frequency_hz=_FREQUENCY_HZ):
        taken = take_turns(bench, experiment, ["baseline", "reuse"], turns)
        worker = bench.worker_pid
    shares = {
        name: mapping_shares(experiment, [turn[name] for turn in taken], worker)
        for name in ("baseline", "reuse")
    }
    left = [
        after / before if before else 1.0
        for before, after in zip(shares["baseline"], shares["reuse"], strict=True)
    ]
    details = {
        f"share of mapping, {name}": round(statistics.median(of_turns), 5)
        for name, of_turns in shares.items()
    }
    return median_of(left, details | {"turns": turns})


CLAIM = Claim(
    id="vee2009-grant-reuse",
    source=VEE_2009,
    sentence="Keeping pages granted across packets removes the overhead of memory protection.",
    setting=Setting.ANALOGUE,
    method="A device in software delivers 1500-byte frames to four process guests through one "
    "shared queue, in turn with a mapping for every frame and with mappings that stay, while the "
    "machine is sampled at 1997 Hz. Counted is the driver domain's CPU time in mapping, unmapping "
    "and faulting in pages, as a part of all its time; what is left of that part with mappings "
    "that stay is judged.",
    rule=Rule("what is left of the part", "of what it was", 0.05, at_least=False),
    missing=lambda: (),
    measure=_measure,
)
