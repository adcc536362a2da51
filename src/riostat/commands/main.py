"""The entry point: riostat COMMAND."""

import gc
import os
import sys
from collections.abc import Sequence

import click

from riostat import __version__
from riostat.commands.lazy import LazyGroup, Place
from riostat.core.errors import RiostatError, SettingError

__all__ = ["command", "main", "run"]

_FIRST_COLLECTION = 50_000
_BLAS_THREADS = "OPENBLAS_NUM_THREADS"

command = LazyGroup(
    {
        "up": Place("riostat.commands.up", "Start the console and record this machine."),
        "profile": Place(
            "riostat.commands.profile", "Find where the CPU time of every domain goes."
        ),
        "switch": Place("riostat.commands.switch", "Move frames between guests, with grants."),
        "store": Place("riostat.commands.store", "Serve objects from unequal disks."),
        "claims": Place("riostat.commands.claims", "Test what the papers say, on this machine."),
        "cite": Place(
            "riostat.commands.cite", "Read who cites what, and whether with support or contrast."
        ),
        "testbed": Place(
            "riostat.commands.testbed", "Start real guests, real Xen, networks and disks."
        ),
        "runs": Place("riostat.commands.runs", "List, show, remove and export recorded runs."),
    },
    name="riostat",
    help="An open workbench for I/O in virtualised systems.",
)
click.version_option(__version__, prog_name="riostat")(command)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 the world failed, 2 wrong usage."""
    try:
        result = command.main(list(arguments), prog_name="riostat", standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except RiostatError as error:
        click.echo(f"riostat: {error}", err=True)
        return 2 if isinstance(error, SettingError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; what Python still holds for it must not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result if isinstance(result, int) else 0


def main() -> None:
    """Run the command that the process was started with."""
    # Start-up makes many objects and no garbage; and what lives at the end goes with the process:
    # searching it for cycles, as Python would, is a tenth of what a short recording costs.
    gc.set_threshold(_FIRST_COLLECTION)
    if _BLAS_THREADS not in os.environ:
        # numpy's BLAS starts a thread for each CPU, which spins; nothing here multiplies matrices.
        # `os.environ` stays as the user has it, and so a command that is profiled has it too.
        os.putenv(_BLAS_THREADS, "1")
    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)
