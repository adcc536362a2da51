"""riostat claims run."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from riostat.claims.catalogue import CLAIMS
from riostat.claims.claim import Claim
from riostat.claims.running import run_claim
from riostat.claims.verdicts import Verdict
from riostat.commands.claims.table import print_verdicts
from riostat.commands.options import json_option, settings_options
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.manifest import new_manifest
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="run")
@click.argument(
    "ids", metavar="[ID...]", nargs=-1, help="Claims to measure; all of them by default."
)
@click.option(
    "--quick/--full", default=True, help="Seconds and wide intervals, or minutes and narrow ones."
)
@click.option(
    "--seed",
    type=click.IntRange(0, (1 << 32) - 1),
    help="For what is drawn at random [default: another one each time].",
)
@json_option
@settings_options("data")
def command(
    settings: Settings, ids: Sequence[str], *, quick: bool, seed: int | None, as_json: bool
) -> None:
    """Put claims to the test on this machine.

    Each claim is measured into a run of its own and judged by a rule that stood before. The last
    verdict on each is kept. What this machine cannot measure is said, with what is missing.
    """
    chosen = _chosen(ids)
    data = DataDirectory(settings.data)
    data.make()
    seed = secrets.randbits(32) if seed is None else seed
    verdicts: list[Verdict] = []
    with Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    ) as progress:
        for claim in chosen:
            task = progress.add_task(claim.id, total=None)
            verdict = run_claim(
                claim,
                data=data,
                clock=SYSTEM_CLOCK,
                seed=seed,
                quick=quick,
                progress=partial(_show, progress, task),
            )
            verdicts.append(verdict)
            _show(progress, task, 1, 1)
    if as_json:
        machine = asdict(new_manifest("claims", command=(), clock=SYSTEM_CLOCK).machine)
        claims = [_as_json(verdict) for verdict in verdicts]
        click.echo(json.dumps({"machine": machine, "claims": claims}))
    else:
        print_verdicts(verdicts)


def _show(progress: Progress, task: TaskID, done: int, of: int) -> None:
    progress.update(task, completed=done, total=of)


def _chosen(ids: Sequence[str]) -> list[Claim]:
    known = {claim.id: claim for claim in CLAIMS}
    for name in ids:
        if name not in known:
            raise click.UsageError(
                f"There is no claim {name!r}; `riostat claims list` names those there are."
            )
    return [known[name] for name in dict.fromkeys(ids)] or list(CLAIMS)


def _as_json(verdict: Verdict) -> dict[str, object]:
    return {name: getattr(verdict, name) for name in verdict.__struct_fields__}
