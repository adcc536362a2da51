"""riostat profile record.

Everything imported here is paid for by every recording, so the reading side is imported only for
``--json``, once sampling has ended.
"""

import json
import math
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from riostat.commands.options import json_option, settings_options
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import SamplingError
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings
from riostat.core.writer import RunWriter
from riostat.profiler.events import find_event
from riostat.profiler.opening import SamplingRequest, open_sampler
from riostat.profiler.recorder import Recorder, RecordingSummary
from riostat.profiler.recording import RecordingFile
from riostat.profiler.sampler import Sampler
from riostat.profiler.signals import EndingSignals
from riostat.profiler.symbols.boot import save_kernel_symbols
from riostat.profiler.workload import Workload

__all__ = ["command"]

_DEFAULT_FREQUENCY_HZ = 999  # no multiple of a timer's rate, so that samples do not march in step
_DURATION_S_MAX = 30 * 86400


def _finite(_ctx: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and 0 < value <= _DURATION_S_MAX):
        raise click.BadParameter(f"{value} is not a number of seconds up to {_DURATION_S_MAX}.")
    return value


@click.command(name="record", context_settings={"allow_interspersed_args": False})
@click.argument(
    "workload",
    metavar="[-- COMMAND...]",
    nargs=-1,
    type=click.UNPROCESSED,
    help="Program to record until it ends, with its arguments.",
)
@click.option(
    "-e",
    "--event",
    "events",
    metavar="EVENT",
    multiple=True,
    help="What to sample, may be given again [default: cycles; cpu-clock without a PMU].",
)
@click.option(
    "-F",
    "--frequency",
    metavar="HZ",
    type=click.IntRange(1, 1_000_000),
    help=f"Samples a second of each event on each CPU [default: {_DEFAULT_FREQUENCY_HZ}].",
)
@click.option(
    "-c",
    "--count",
    metavar="PERIOD",
    type=click.IntRange(1, (1 << 62)),
    help="Take a sample every PERIOD events instead; nanoseconds for the clocks.",
)
@click.option(
    "-d",
    "--duration",
    metavar="SECONDS",
    type=float,
    callback=_finite,
    help="End after so long; a COMMAND that still runs is sent SIGTERM.",
)
@click.option("-o", "--output", metavar="RUN", help="Name of the run, or a path with a slash.")
@json_option
@settings_options("data")
def command(
    settings: Settings,
    *,
    workload: Sequence[str],
    events: Sequence[str],
    frequency: int | None,
    count: int | None,
    duration: float | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Record samples of all CPUs into a run.

    The recording ends after --duration, when COMMAND ends, or by Ctrl-C. With COMMAND, Ctrl-C at
    the terminal is left to it. Every sample has its callchain, process and cgroup.
    """
    if frequency is not None and count is not None:
        raise click.UsageError("-F and -c exclude each other: give a frequency or a period.")
    if frequency is None and count is None:
        frequency = _DEFAULT_FREQUENCY_HZ
    request = SamplingRequest(events, frequency, count)
    for name in events:
        find_event(name)
    data = DataDirectory(settings.data)
    data.make()
    if duration is None and not workload:
        click.echo("Recording until Ctrl-C.", err=True)
    with EndingSignals() as signals:
        held = Workload.fork(workload) if workload else None
        try:
            sampler = open_sampler(request, workload=None if held is None else held.pid)
            nameless = save_kernel_symbols(data.symbols)
            name, path = RunDirectory(data.runs).create(
                command=("riostat", *sys.argv[1:]), clock=SYSTEM_CLOCK, name=output
            )
            summary = _record(sampler, request, name, path, signals, held, duration)
        finally:
            if held is not None:
                held.end()
    if output is not None and "/" in output:
        name = output
    if as_json:
        click.echo(json.dumps(_result(data, path, name, sampler, request, summary)))
    else:
        _say(name, sampler, summary, nameless)


def _record(
    sampler: Sampler,
    request: SamplingRequest,
    name: str,
    path: Path,
    signals: EndingSignals,
    workload: Workload | None,
    duration_s: float | None,
) -> RecordingSummary:
    """Record into a run that was just made; one whose command cannot begin is removed again."""
    try:
        with RunWriter.create(path, writer="record", run_id=name) as writer:
            file = RecordingFile(writer, sampler, SYSTEM_CLOCK)
            file.describe(request, workload.command if workload else ())
            recorder = Recorder(sampler, file, SYSTEM_CLOCK)
            summary = recorder.run(duration_s=duration_s, signals=signals, workload=workload)
    except SamplingError:
        RunDirectory.remove(path)
        raise
    finally:
        sampler.close()
    return summary


def _result(
    data: DataDirectory,
    path: Path,
    name: str,
    sampler: Sampler,
    request: SamplingRequest,
    summary: RecordingSummary,
) -> dict[str, object]:
    """Return what ``--json`` prints, for which the recording is read once."""
    import numpy as np

    from riostat.core.run import Run
    from riostat.profiler.profile import Profile
    from riostat.profiler.reading import read_profile
    from riostat.profiler.symbols.symbolizer import Symbolizer

    reading = read_profile(Run.open(path), None, kernels=data.kernels)
    symbols = Symbolizer(data.symbols)
    samples: Counter[tuple[str, str]] = Counter()
    for event in sampler.events:
        codes, domains = Profile(reading, symbols, event.name).domains
        counts = np.bincount(codes, minlength=len(domains)).tolist()
        for domain, count in zip(domains, counts, strict=True):
            samples[domain.name, domain.kind] += count
    return {
        "run": name,
        "events": [event.name for event in sampler.events],
        "frequency_hz": request.frequency_hz,
        "period": request.period,
        "seconds": summary.seconds,
        "samples": samples.total(),
        "lost": reading.lost,
        "bytes": summary.bytes,
        "recorder_cpu_seconds": summary.recorder_cpu_seconds,
        "steady_cpu_seconds": summary.steady_cpu_seconds,
        "command_status": summary.status,
        "fallback": sampler.fallback,
        "restriction": sampler.restriction,
        "domains": [
            {"name": domain, "kind": kind, "samples": count}
            for (domain, kind), count in samples.most_common()
        ],
    }


def _say(name: str, sampler: Sampler, summary: RecordingSummary, nameless: str | None) -> None:
    """Say on standard error how the recording went and what to do with it."""
    lost = f"{summary.lost} records lost" if summary.lost else "nothing lost"
    events = ", ".join(event.name for event in sampler.events)
    click.echo(
        f"Recorded {events} for {summary.seconds:.1f} s on {len(sampler.cpus)} CPUs: "
        f"{summary.bytes / 1e6:.1f} MB, {lost}.",
        err=True,
    )
    for sentence in (sampler.fallback, sampler.restriction, nameless, _ending(summary.status)):
        if sentence is not None:
            click.echo(sentence, err=True)
    click.echo(f"See it with: riostat profile report {shlex.quote(name)}", err=True)


def _ending(status: int | None) -> str | None:
    if status is None or status == 0:
        return None
    if status < 0:
        return f"The command was ended by signal {-status}."
    return f"The command ended with exit status {status}."
