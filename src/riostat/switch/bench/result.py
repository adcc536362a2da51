"""Results: medians over repetitions, in the shape that ``riostat switch bench --json`` has."""

import statistics
from collections.abc import Mapping, Sequence

import msgspec

from riostat.switch.bench.measurement import Placement, Repetition

__all__ = ["BenchResult", "ConfigurationResult", "CopyResult", "summarize"]


class ConfigurationResult(msgspec.Struct, frozen=True):
    """What a configuration carried: medians of rates, sums of frames, and where to look.

    `busy` is the share of the time in which the driver domain was at work: where it is less than
    1, the guests were slower. `spans` are its repetitions as ``RUN@FROM..TO``.
    """

    mpps: float
    gbps: float
    busy: float
    corrupt: int
    dropped: int
    frames: int
    spans: list[str]


class CopyResult(msgspec.Struct, frozen=True):
    """The rate of memcpy of the same bytes."""

    gbps: float


class BenchResult(msgspec.Struct, frozen=True):
    """Everything, by frame size in bytes and configuration; `memcpy` stands among these."""

    run: str
    guests: int
    repetitions: int
    frames: dict[str, dict[str, ConfigurationResult | CopyResult]]
    placement: dict[str, int]
    driver_domain_pid: int


def summarize(
    repetitions: Sequence[Repetition],
    copies: Mapping[int, Sequence[float]],
    *,
    run: str,
    started_ns: int,
    guests: int,
    placement: Placement,
    worker_pid: int,
) -> BenchResult:
    """Return medians of what was measured; `started_ns` is the start of the run."""
    sizes: dict[str, dict[str, ConfigurationResult | CopyResult]] = {}
    for size, rates in copies.items():
        of_size = [each for each in repetitions if each.frame_bytes == size]
        names = list(dict.fromkeys(each.configuration for each in of_size))
        rows: dict[str, ConfigurationResult | CopyResult] = {
            name: _row([each for each in of_size if each.configuration == name], run, started_ns)
            for name in names
        }
        rows["memcpy"] = CopyResult(statistics.median(rates))
        sizes[str(size)] = rows
    return BenchResult(
        run=run,
        guests=guests,
        repetitions=max(map(len, copies.values())),
        frames=sizes,
        placement={"driver_domain": placement.driver_domain, "guests": placement.guests},
        driver_domain_pid=worker_pid,
    )


def _row(repetitions: Sequence[Repetition], run: str, started_ns: int) -> ConfigurationResult:
    mpps = statistics.median(
        1e3 * each.frames / (each.ended_ns - each.started_ns) for each in repetitions
    )
    return ConfigurationResult(
        mpps=mpps,
        gbps=mpps * 8e-3 * repetitions[0].frame_bytes,
        busy=statistics.median(
            each.busy_ns / (each.ended_ns - each.started_ns) for each in repetitions
        ),
        corrupt=sum(each.corrupt for each in repetitions),
        dropped=sum(each.dropped for each in repetitions),
        frames=sum(each.frames for each in repetitions),
        spans=[
            f"{run}@{(each.started_ns - started_ns) / 1e9:.4f}.."
            f"{(each.ended_ns - started_ns) / 1e9:.4f}"
            for each in repetitions
        ],
    )
