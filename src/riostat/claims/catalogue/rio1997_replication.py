"""rio1997-replication: with some blocks twice, delays stay bounded above 90 % utilisation."""

from riostat.claims.claim import Claim, Measurement, Rule, Setting, Source
from riostat.claims.experiment import Experiment

__all__ = ["CLAIM"]

_DISKS = 8
_UTILISATION = 0.9
_BOUND = 20  # mean service times
_REPLICATIONS = (0.0, 0.1, 0.25, 0.5, 1.0)
_LIMITED = 0.5
_QUICK_REQUESTS, _FULL_REQUESTS = 8_000_000, 100_000_000


def _measure(experiment: Experiment) -> Measurement:
    from riostat.core.intervals import wilson
    from riostat.store.simulation import disk_service, simulate_delays

    requests = _QUICK_REQUESTS if experiment.quick else _FULL_REQUESTS
    service = disk_service(disks=_DISKS)
    late = {}
    for step, replication in enumerate(_REPLICATIONS):
        experiment.progress(step, len(_REPLICATIONS))
        delays = simulate_delays(
            service,
            requests=requests,
            utilisation=_UTILISATION,
            replication=replication,
            seed=experiment.seed + step,
            kernels=experiment.data.kernels,
        )
        late[replication] = delays.late(_BOUND)
        experiment.evidence.values({f"late.r{replication:g}": late[replication]}, unit="blocks")
    experiment.progress(len(_REPLICATIONS), len(_REPLICATIONS))
    interval = wilson(late[_LIMITED], requests)
    return Measurement(
        late[_LIMITED] / requests,
        interval.low,
        interval.high,
        {"requests": requests, "seed": experiment.seed}
        | {f"late share at r = {r:g}": count / requests for r, count in late.items()},
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
    f"than {_BOUND} mean service times. The sweep of r stands beside. Late requests come in "
    "bursts, so that the interval is too short where there are some.",
    rule=Rule(f"the share of late blocks at r = {_LIMITED:g}", "of all", 1e-6, at_least=False),
    missing=lambda: (),
    measure=_measure,
)
