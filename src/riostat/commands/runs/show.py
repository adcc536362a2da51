"""riostat runs show."""

import json

import click

from riostat.commands.options import RUN_HELP, json_option, settings_options
from riostat.commands.runs.summary import show_bytes, summary
from riostat.core.datadir import DataDirectory
from riostat.core.run import Run, RunState
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="show")
@click.argument("run", help=RUN_HELP)
@json_option
@settings_options("data")
def command(settings: Settings, run: str, *, as_json: bool) -> None:
    """Show one run: when, where and by what it was recorded, and its channels."""
    opened = Run.open(RunDirectory(DataDirectory(settings.data).runs).find(run))
    state = opened.state()
    if as_json:
        click.echo(json.dumps(_detail(opened, state)))
        return
    machine = opened.manifest.machine
    click.echo(f"run      {opened.id}")
    click.echo(f"command  {' '.join(opened.manifest.command)}")
    click.echo(f"started  {summary(opened, state)['started']}, {state.seconds:.1f} s long")
    click.echo(
        f"machine  {machine.hostname}, Linux {machine.kernel}, {machine.cpus} CPUs, "
        f"{machine.cpu_model}"
    )
    word = "being recorded" if state.recording else "complete" if state.complete else "incomplete"
    click.echo(f"state    {word}, {show_bytes(state.bytes)} in {opened.path}")
    for sentence in state.damage:
        click.echo(f"damage   {sentence}")
    click.echo(f"\n{'channel':<28} {'kind':<10} {'unit':<6} {'count':>8}")
    for channel in state.channels:
        click.echo(f"{channel.name:<28} {channel.kind:<10} {channel.unit:<6} {channel.count:>8}")


def _detail(run: Run, state: RunState) -> dict[str, object]:
    machine = run.manifest.machine
    return summary(run, state) | {
        "channels": [
            {
                "name": channel.name,
                "kind": channel.kind,
                "unit": channel.unit,
                "encoding": channel.encoding,
                "count": channel.count,
            }
            for channel in state.channels
        ],
        "damage": list(state.damage),
        "versions": run.manifest.versions,
        "machine": {
            "hostname": machine.hostname,
            "kernel": machine.kernel,
            "architecture": machine.architecture,
            "cpu_model": machine.cpu_model,
            "cpus": machine.cpus,
            "memory_bytes": machine.memory_bytes,
        },
    }
