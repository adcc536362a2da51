"""riostat switch status."""

import sys
import time
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.switch.asking import ask_switch
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.switch.status import PortStatus, SwitchStatus

__all__ = ["command"]

_WIDE = 200  # columns where no terminal sets a limit


@click.command(name="status")
@click.option(
    "--interval",
    "interval_s",
    metavar="SECONDS",
    type=click.FloatRange(0.1, 3600),
    default=1.0,
    show_default=True,
    help="Time over which rates are measured.",
)
@json_option
@settings_options("data")
def command(settings: Settings, *, interval_s: float, as_json: bool) -> None:
    """Show the ports of the running switch, what they carry and what was dropped.

    Received is what came from a guest, sent what went to it. With --json the counters are printed
    as they stand, without waiting for rates.
    """
    import msgspec

    before = _status(settings)
    if as_json:
        click.echo(msgspec.json.encode(before))
        return
    time.sleep(interval_s)
    _show(before, _status(settings))


def _status(settings: Settings) -> "SwitchStatus":
    from riostat.switch.control import GetStatus
    from riostat.switch.status import SwitchStatus

    answer = ask_switch(settings, GetStatus())
    assert isinstance(answer, SwitchStatus)
    return answer


def _show(before: "SwitchStatus", now: "SwitchStatus") -> None:
    from rich.console import Console
    from rich.table import Table

    seconds = (now.time_ns - before.time_ns) / 1e9
    earlier = {port.name: port for port in before.ports}
    console = Console(width=None if sys.stdout.isatty() else _WIDE)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("port", "kind", "state", "policy"):
        table.add_column(name, no_wrap=name in {"port", "state"})
    for name in ("received", "Mpps", "Gb/s", "sent", "Mpps", "Gb/s", "dropped", "grants"):
        table.add_column(name, justify="right", no_wrap=True)
    for port in now.ports:
        table.add_row(*_row(earlier.get(port.name, port), port, seconds))
    console.print(table)
    for port in now.ports:
        for reason, count in port.drops.items():
            console.print(f"{port.name}: {count:,} dropped: {_words(reason)}.", highlight=False)
        if port.reason:
            console.print(f"{port.name}: {port.reason}", highlight=False, markup=False)
    workers = ", ".join(
        f"{worker.index} on {'any CPU' if worker.cpu < 0 else f'CPU {worker.cpu}'} ({worker.state})"
        for worker in now.workers
    )
    console.print(f"Workers: {workers}. Run: {now.run}.", highlight=False, markup=False)


def _row(before: "PortStatus", now: "PortStatus", seconds: float) -> list[str]:
    def rates(was: tuple[int, int], stands: tuple[int, int]) -> list[str]:
        frames, size = (b - a for a, b in zip(was, stands, strict=True))
        return [
            _short(stands[0]),
            f"{frames / seconds / 1e6:.3f}",
            f"{8 * size / seconds / 1e9:.3f}",
        ]

    return [
        now.name,
        f"{now.kind} x{now.queues}" if now.queues else now.kind,
        now.state + (" (own worker)" if now.own_worker else ""),
        now.policy,
        *rates((before.rx.frames, before.rx.bytes), (now.rx.frames, now.rx.bytes)),
        *rates((before.tx.frames, before.tx.bytes), (now.tx.frames, now.tx.bytes)),
        _short(sum(now.drops.values())),
        _short(now.grants.live),
    ]


def _short(count: int) -> str:
    """Return a count in at most six characters or so: exact below 10,000."""
    if count < 10_000:
        return str(count)
    value, unit = count / 1e3, "k"
    for larger in "MGT":
        if value < 1000:
            break
        value, unit = value / 1e3, larger
    return f"{value:.4g}{unit}"


def _words(reason: str) -> str:
    from riostat.switch.ports import DROP_WORDS, Drop

    return DROP_WORDS[Drop[reason.upper()]]
