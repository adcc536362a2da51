"""Profiles as plain text: their head, and aligned tables that fit the terminal."""

import shutil
import sys
from collections.abc import Iterator, Sequence

import click

from riostat.core.text import printable
from riostat.profiler.profile import Profile

__all__ = ["echo_head", "echo_table", "head_lines", "percent", "table_lines"]

_GAP = "  "


def percent(share: float) -> str:
    """Return a fraction as a percentage with two places, without its sign."""
    return f"{100 * share:.2f}"


def head_lines(profile: Profile) -> Iterator[str]:
    """Yield what a reader must know of a profile: what was sampled, what was lost, what is odd."""
    cpus, samples = len(profile.cpus), len(profile.weights)
    rate = f"at {profile.frequency_hz} Hz" if profile.frequency_hz else f"every {profile.period}"
    facts = [
        f"{profile.event} {rate}: {samples:,} sample{'s' * (samples != 1)}",
        f"{profile.lost:,} lost",
        f"{profile.seconds:.2f} s on {cpus} CPU{'s' * (cpus != 1)}",
    ]
    if profile.idle_seconds is not None:
        facts.append(f"idle {profile.idle_seconds:.2f} of {profile.seconds * cpus:.2f} CPU seconds")
    yield ", ".join(facts)
    yield from map(printable, profile.notes)


def echo_head(profile: Profile) -> None:
    """Print the head of a profile on standard output, and an empty line."""
    for line in head_lines(profile):
        click.echo(line)
    click.echo()


def echo_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int) -> None:
    """Print a table on standard output; its first `numbers` columns are aligned to the right."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in table_lines(head, rows, numbers=numbers, width=width):
        click.echo(line)


def table_lines(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int, width: int | None
) -> Iterator[str]:
    """Yield the lines of a table, cut to `width` characters unless it is None."""
    cells = [head, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        padded = (
            cell.rjust(size) if place < numbers else cell.ljust(size)
            for place, (cell, size) in enumerate(zip(row, widths, strict=True))
        )
        line = _GAP.join(padded).rstrip()
        yield line if width is None or len(line) <= width else line[: width - 1] + "…"
