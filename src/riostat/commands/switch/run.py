"""riostat switch run."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from riostat.commands.options import settings_options
from riostat.commands.switch.ending import Ending
from riostat.commands.switch.portoptions import policy_option
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import RiostatError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.switch.configuration import Configuration

__all__ = ["command"]


@click.command(name="run")
@click.argument(
    "configuration",
    metavar="[CONFIG.toml]",
    required=False,
    type=click.Path(path_type=Path),
    help="File that describes the switch; flags add to it and override it.",
)
@click.option(
    "--guest",
    "guests",
    metavar="NAME=PLACE",
    multiple=True,
    help="A port for a guest, at vhost:SOCKET or tap:DEVICE; may be given again.",
)
@click.option(
    "--uplink",
    "uplinks",
    metavar="tap:DEVICE",
    multiple=True,
    help="A port to a network, named after its device; may be given again.",
)
@policy_option
@click.option(
    "--queues",
    type=click.Choice(("shared", "per-guest")),
    help="One worker for all guests, or one for each as far as they go round "
    "[default: the configuration's, else per-guest].",
)
@click.option(
    "--cpu",
    "cpus",
    metavar="CPU",
    type=click.IntRange(-1),
    multiple=True,
    help="CPU of a worker, -1 for any; may be given again, one worker each "
    "[default: the configuration's, else one worker on any CPU].",
)
@click.option(
    "--segmentation",
    is_flag=True,
    help="Exchange frames of up to 64 KiB (TSO), which every guest then has to negotiate.",
)
@click.option("--demo", is_flag=True, help="Add three guests that are small processes.")
@click.option(
    "--run",
    "run_path",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Directory of a run that is there, to write into [default: a new run].",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Say as a line of JSON that the switch is running."
)
@settings_options("data", "keep_seconds", "keep_bytes")
def command(
    settings: Settings,
    *,
    configuration: Path | None,
    guests: Sequence[str],
    uplinks: Sequence[str],
    policy: str | None,
    queues: str | None,
    cpus: Sequence[int],
    segmentation: bool,
    demo: bool,
    run_path: Path | None,
    as_json: bool,
) -> None:
    """Run a switch until Ctrl-C.

    Guests that are VMs or programs connect to their sockets by vhost-user; TAP devices lead to
    containers, network namespaces and networks. Counters and events go into a run.
    """
    data = DataDirectory(settings.data)
    data.make()
    _make_folder(data.switch)
    described = _configuration(
        configuration, guests, uplinks, policy, queues, cpus, segmentation=segmentation
    )
    if demo:
        described = _with_demo(described, data.switch)
    _run(settings, described, run_path, demo=demo, as_json=as_json)
    click.echo("The switch has ended.", err=True)


def _configuration(
    path: Path | None,
    guests: Sequence[str],
    uplinks: Sequence[str],
    policy: str | None,
    queues: str | None,
    cpus: Sequence[int],
    *,
    segmentation: bool,
) -> "Configuration":
    """Return what the file and the flags say together."""
    from msgspec.structs import replace

    from riostat.switch.configuration import (
        Configuration,
        Queues,
        parse_port,
        parse_uplink,
        read_configuration,
    )
    from riostat.switch.ports import Policy

    given = Configuration() if path is None else read_configuration(path)
    described = replace(
        given,
        policy=given.policy if policy is None else Policy(policy),
        queues=given.queues if queues is None else Queues(queues),
        cpus=tuple(cpus) or given.cpus,
        segmentation=segmentation or given.segmentation,
        port=(*given.port, *map(parse_port, guests), *map(parse_uplink, uplinks)),
    )
    described.check()
    return described


def _with_demo(described: "Configuration", folder: Path) -> "Configuration":
    from msgspec.structs import replace

    from riostat.switch.demo.scene import scene_ports

    described = replace(described, port=(*described.port, *scene_ports(folder)))
    described.check()
    return described


def _run(
    settings: Settings,
    described: "Configuration",
    run_path: Path | None,
    *,
    demo: bool,
    as_json: bool,
) -> None:
    from riostat.core.segments import Retention
    from riostat.core.seriesfile import SeriesFile
    from riostat.switch.control import control_path
    from riostat.switch.demo.scene import Scene
    from riostat.switch.engine import Engine
    from riostat.switch.recording import SwitchRecording
    from riostat.switch.switch import Switch

    data, control = DataDirectory(settings.data), control_path(settings.data)
    retention = Retention(settings.keep_seconds, settings.keep_bytes)
    click.echo("Loading the compiled loops; the first time they are compiled.", err=True)
    with ExitStack() as stack:
        engine = stack.enter_context(Engine.start(cpus=described.cpus, kernels_cache=data.kernels))
        run = stack.enter_context(_Run(data, run_path))
        file = stack.enter_context(SeriesFile(run.path, "switch", retention, SYSTEM_CLOCK))
        switch = Switch(
            described,
            engine=engine,
            recording=SwitchRecording(file, SYSTEM_CLOCK),
            run=run.path.name,
            control=control,
            clock=SYSTEM_CLOCK,
        )
        stack.callback(switch.close)
        for port in described.port:
            switch.attach(port)
        if demo:
            stack.enter_context(Scene(data.switch))
        ending = stack.enter_context(Ending())
        run.keep()
        _ready(control, run.path.name, len(described.port), as_json=as_json)
        switch.serve(ending.descriptor)


class _Run:
    """The run to write into: one that is there, or a new one, removed unless it is kept."""

    def __init__(self, data: DataDirectory, path: Path | None) -> None:
        self._made = path is None
        self._kept = False
        if path is None:
            command = ("riostat", *sys.argv[1:])
            _, path = RunDirectory(data.runs).create(command=command, clock=SYSTEM_CLOCK)
        self.path = Run.open(path).path

    def keep(self) -> None:
        """Keep the run when the context ends."""
        self._kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._made and not self._kept:
            RunDirectory.remove(self.path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise RiostatError(
            f"The directory {folder} for sockets cannot be made ({error.strerror}); choose "
            "another place with --data or RIOSTAT_DATA."
        ) from error


def _ready(control: Path, run: str, ports: int, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"state": "running", "control": str(control), "run": run}))
        sys.stdout.flush()
        return
    click.echo(
        f"The switch runs with {ports} ports; `riostat switch status` shows them. Ctrl-C ends it; "
        f"its run is {run}.",
        err=True,
    )
