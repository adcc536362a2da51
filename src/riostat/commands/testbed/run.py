"""riostat testbed run."""

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from riostat.testbed.guest.conversation import Finished

__all__ = ["command", "passed_on"]

_SIGNALLED = 128  # what shells add to the number of a signal


@click.command(name="run", context_settings={"ignore_unknown_options": True})
@click.argument("name", metavar="NAME", help="Name of a guest that runs.")
@click.argument(
    "words",
    metavar="COMMAND...",
    nargs=-1,
    required=True,
    type=click.UNPROCESSED,
    help="Program and its arguments, or one text for a shell.",
)
@click.option("-i", "--input", "takes_input", is_flag=True, help="Pass on standard input.")
@click.option(
    "--timeout",
    "timeout_s",
    metavar="SECONDS",
    type=click.FloatRange(min=0.001),
    default=600.0,
    show_default=True,
    help="Longest time, after which the command is killed.",
)
def command(name: str, words: tuple[str, ...], *, takes_input: bool, timeout_s: float) -> int:
    """Run a command in a guest that another terminal has started.

    Its output and its exit status are passed on when it has ended; 128 is added to the number of a
    signal, as in shells. Of each output the first 16 MiB are kept.
    """
    from riostat.testbed.guest.visiting import visited

    data = sys.stdin.buffer.read() if takes_input else b""
    with visited(name) as machine:
        program = words[0] if len(words) == 1 else words
        return passed_on(machine.channel.run(program, timeout_s=timeout_s, data=data))


def passed_on(finished: "Finished") -> int:
    """Print what a command in a guest has printed, and return its status."""
    for stream, content, cut in (
        (sys.stdout, finished.stdout, finished.stdout_cut),
        (sys.stderr, finished.stderr, finished.stderr_cut),
    ):
        stream.buffer.write(content)
        stream.buffer.flush()
        if cut:
            click.echo(f"riostat: {cut} more bytes were cut.", err=True)
    return finished.returncode if finished.returncode >= 0 else _SIGNALLED - finished.returncode
