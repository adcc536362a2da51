"""riostat switch bench."""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option, settings_options
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.switch.bench.measurement import Bench, Repetition
    from riostat.switch.bench.result import BenchResult

__all__ = ["command"]

_FRAME_BYTES_MAX = 1514
_NAMES = ("baseline", "multiqueue", "reuse", "both", "copy", "map_batch")
_CHANNEL = "switch.bench"
_ARTEFACT = "switch-bench.json"
_FREQUENCY_HZ = 1999


def _frame_sizes(_ctx: click.Context, _parameter: click.Parameter, value: str) -> Sequence[int]:
    try:
        sizes = list(dict.fromkeys(int(size) for size in value.split(",")))
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no list of numbers such as 64,1500.") from error
    for size in sizes:
        if not 60 <= size <= _FRAME_BYTES_MAX:
            raise click.BadParameter(f"A frame has 60 to {_FRAME_BYTES_MAX} bytes, not {size}.")
    return sizes


def _configurations(
    _ctx: click.Context, _parameter: click.Parameter, value: str | None
) -> Sequence[str]:
    names = _NAMES if value is None else value.split(",")
    for name in names:
        if name not in _NAMES:
            raise click.BadParameter(f"{name!r} is none of {', '.join(_NAMES)}.")
    return names


@click.command(name="bench")
@click.option(
    "--frame",
    "sizes",
    metavar="BYTES,...",
    default="64,1500",
    callback=_frame_sizes,
    help="Sizes of frames [default: 64,1500].",
)
@click.option(
    "--guests",
    metavar="N",
    type=click.IntRange(1, 8),
    default=4,
    help="Guests that receive, each a process [default: 4].",
)
@click.option(
    "--frames",
    metavar="N",
    type=click.IntRange(8, 1_000_000_000),
    help="Frames of a repetition [default: what takes about half a second].",
)
@click.option(
    "--configuration",
    "names",
    metavar="NAME,...",
    callback=_configurations,
    help=f"Which configurations take their turns, of {', '.join(_NAMES)} [default: all].",
)
@click.option(
    "--repetitions",
    metavar="N",
    type=click.IntRange(1, 1000),
    default=3,
    help="How often each configuration takes its turn [default: 3].",
)
@click.option("--profile", is_flag=True, help="Sample the machine meanwhile, into the same run.")
@click.option("-o", "--output", metavar="RUN", help="Name of the run, or a path with a slash.")
@json_option
@settings_options("data")
def command(
    settings: Settings,
    *,
    sizes: Sequence[int],
    guests: int,
    frames: int | None,
    names: Sequence[str],
    repetitions: int,
    profile: bool,
    output: str | None,
    as_json: bool,
) -> None:
    """Measure what multi-queue devices and grant reuse are worth on this machine.

    A device in software delivers frames to guests in every configuration in turn; the guests check
    every byte. Its DMA, a copy, is paid for by the core of the driver domain.
    """
    data = DataDirectory(settings.data)
    data.make()
    name, path = RunDirectory(data.runs).create(
        command=("riostat", *sys.argv[1:]), clock=SYSTEM_CLOCK, name=output
    )
    click.echo("Loading the compiled loops; the first time they are compiled.", err=True)
    name = name if output is None else output
    result = _bench(
        data,
        path,
        name,
        lambda bench: _measure(bench, sizes, names, frames, repetitions),
        guests=guests,
        profile=profile,
    )
    if as_json:
        click.echo(_json(result).decode())
    else:
        _print(result)


def _bench(
    data: DataDirectory,
    path: Path,
    name: str,
    measure: "Callable[[Bench], tuple[list[Repetition], dict[int, list[float]]]]",
    *,
    guests: int,
    profile: bool,
) -> "BenchResult":
    """Measure, and write what was measured into the run at `path`."""
    from riostat.core.run import Run
    from riostat.core.seriesfile import SeriesFile
    from riostat.switch.bench.measurement import Bench, place
    from riostat.switch.bench.result import summarize
    from riostat.switch.recording import SwitchRecording

    placement = place()
    with ExitStack() as stack:
        file = stack.enter_context(SeriesFile(path, "switch", None, SYSTEM_CLOCK))
        bench = Bench(
            guests=guests,
            placement=placement,
            kernels=data.kernels,
            recording=SwitchRecording(file, SYSTEM_CLOCK),
            clock=SYSTEM_CLOCK,
        )
        stack.enter_context(bench)
        if profile:
            from riostat.profiler.sampling import sampling

            stack.enter_context(sampling(path, frequency_hz=_FREQUENCY_HZ, symbols=data.symbols))
        measured, copies = measure(bench)
        result = summarize(
            measured,
            copies,
            run=name,
            started_ns=Run.open(path).started_ns,
            guests=guests,
            placement=placement,
            worker_pid=bench.worker_pid,
        )
        file.artefact(_CHANNEL, _ARTEFACT, _json(result))
        for pid, functions in bench.perf_maps().items():
            file.artefact(_CHANNEL, f"perf-{pid}.map", functions)  # names for `profile report`
    return result


def _measure(
    bench: "Bench",
    sizes: Sequence[int],
    names: Sequence[str],
    frames: int | None,
    repetitions: int,
) -> "tuple[list[Repetition], dict[int, list[float]]]":
    """Give every configuration its turn, with a bar on standard error."""
    from rich.console import Console
    from rich.progress import Progress

    from riostat.switch.bench.configurations import CONFIGURATIONS

    measured: list[Repetition] = []
    copies: dict[int, list[float]] = {size: [] for size in sizes}
    chosen = [configuration for configuration in CONFIGURATIONS if configuration.name in names]
    turns = repetitions * len(sizes) * len(chosen)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=turns)
        for _ in range(repetitions):
            for size in sizes:
                copies[size].append(bench.memcpy_gbps(size))
                for configuration in chosen:
                    words = f"{configuration.name}, {size} B"
                    progress.update(task, description=words)
                    count = configuration.frames if frames is None else frames
                    measured.append(bench.repetition(configuration, frame_bytes=size, frames=count))
                    progress.advance(task)
    return measured, copies


def _json(result: "BenchResult") -> bytes:
    import msgspec

    return msgspec.json.encode(result)


def _print(result: "BenchResult") -> None:
    from rich.console import Console
    from rich.table import Table

    from riostat.switch.bench.result import ConfigurationResult

    console = Console(highlight=False)
    cpus = result.placement
    console.print(
        f"{result.guests} guests on CPU {cpus['guests']}, the driver domain with the device on "
        f"CPU {cpus['driver_domain']}; medians of {result.repetitions}. Run: {result.run}"
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("bytes", "Mpps", "Gb/s", "of memcpy", "busy", "corrupt", "dropped"):
        table.add_column(heading, justify="right")
    table.add_column("configuration")
    for size, rows in result.frames.items():
        memcpy_gbps = rows["memcpy"].gbps
        for name, row in rows.items():
            share = f"{row.gbps / memcpy_gbps:.3f}"
            if isinstance(row, ConfigurationResult):
                rates = (f"{row.mpps:.3f}", f"{row.gbps:.2f}", share, f"{row.busy:.2f}")
                counts = (str(row.corrupt), str(row.dropped))
                table.add_row(size, *rates, *counts, name)
            else:
                table.add_row(size, "", f"{row.gbps:.2f}", share, "", "", "", name)
    console.print(table)
