"""riostat testbed run."""

import sys
from typing import TYPE_CHECKING

import click

from riostat.core.errors import MachineError

if TYPE_CHECKING:
    from riostat.testbed.guest.conversation import Finished

__all__ = ["command", "command_of", "passed_on", "standard_input"]

_INPUT_BYTES_MAX = 256 << 20
_SIGNALLED = 128  # what shells add to the number of a signal


@click.command(name="run", context_settings={"allow_interspersed_args": False})
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

    Options come before NAME; all that follows it is the command's. Its output and its exit status
    are passed on when it has ended; 128 is added to the number of a signal, as in shells. Of each
    output the first 16 MiB are kept.
    """
    from riostat.testbed.guest.visiting import visited

    data = standard_input() if takes_input else b""
    with visited(name) as machine:
        return passed_on(machine.channel.run(command_of(words), timeout_s=timeout_s, data=data))


def command_of(words: tuple[str, ...]) -> str | tuple[str, ...]:
    """Return the text for a shell, or the program and its arguments, that words stand for."""
    if words[0] == "--" and len(words) > 1:
        words = words[1:]
    return words[0] if len(words) == 1 else words


def standard_input() -> bytes:
    """Return all of standard input; raises `MachineError` where that is too much for a guest."""
    data = sys.stdin.buffer.read(_INPUT_BYTES_MAX + 1)
    if len(data) > _INPUT_BYTES_MAX:
        raise MachineError(
            f"Standard input has more than {_INPUT_BYTES_MAX >> 20} MiB; give less, or send it "
            "over a network."
        )
    return data


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
