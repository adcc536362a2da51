"""rio1997-replication: with some blocks twice, delays stay bounded above 90 % utilisation."""

from riostat.claims.claim import Claim, Measurement, Rule, Setting, Source
from riostat.claims.experiment import Experiment

__all__ = ["CLAIM"]

_DISKS = 8
_UTILISATION = 0.9
_BOUND = 20  # mean service times
_REPLICATIONS = (0.0, 0.1, 0.25, 0.5, 1.0)
_LIMITED = 0.5
_QUICK_REQUESTS, _FULL_REQUESTS = 80_000_000, 400_000_000
_BESIDE = 20  # times fewer where nothing is judged


def _measure(experiment: Experiment) -> Measurement:
    from riostat.core.intervals import wilson
    from riostat.store.simulation import disk_service, simulate_delays

    most = _QUICK_REQUESTS if experiment.quick else _FULL_REQUESTS
    service = disk_service(disks=_DISKS)
    found = {}
    for step, replication in enumerate(_REPLICATIONS):
        experiment.progress(step, len(_REPLICATIONS))
        delays = simulate_delays(
            service,
            requests=most if replication == _LIMITED else most // _BESIDE,
            utilisation=_UTILISATION,
            replication=replication,
            seed=experiment.seed + step,
            kernels=experiment.data.kernels,
        )
        found[replication] = delays
        late = {f"late.r{replication:g}": delays.late(_BOUND)}
        experiment.evidence.values(late, unit="blocks")
    experiment.progress(len(_REPLICATIONS), len(_REPLICATIONS))
    judged = found[_LIMITED]
    late_blocks, dispersion = judged.late(_BOUND), judged.dispersion(_BOUND)
    interval = wilson(late_blocks / dispersion, judged.requests / dispersion)
    return Measurement(
        late_blocks / judged.requests,
        interval.low,
        interval.high,
        {
            "requests": judged.requests,
            "requests worth one independent": dispersion,
            "seed": experiment.seed,
        }
        | {f"late share at r = {r:g}": d.late(_BOUND) / d.requests for r, d in found.items()},
    )


CLAIM = Claim(
    id="rio1997-replication",
    source=Source(
        "R. Muntz, J. R. Santos, S. Berson",
        "RIO: a real-time multimedia object server",
        "ACM SIGMETRICS Performance Evaluation Review 25(2)",
        1997,
        "10.1145/262391.262398",
    ),
    sentence="Limited redundancy lets disks with random placement work above 90 % utilisation "
    "with bounded delay.",
    setting=Setting.SIMULATION,
    method=f"{_DISKS} equal disks at {_UTILISATION:.0%} utilisation under Poisson arrivals, a "
    f"share r of the blocks twice, each read from the copy that will finish first; late is more "
    f"than {_BOUND} mean service times. The sweep of r stands beside, of fewer "
    "requests. Late requests come in bursts, so the interval takes as many requests for one "
    "independent request as the scatter of late ones over the run says: of those above the "
    "highest bound that is exceeded often enough, which is no smaller than that above higher ones.",
    rule=Rule(f"the share of late blocks at r = {_LIMITED:g}", "of all", 1e-6, at_least=False),
    missing=lambda: (),
    measure=_measure,
)
