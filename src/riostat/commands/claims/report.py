"""riostat claims report."""

from pathlib import Path

import click

from riostat.claims.catalogue import CLAIMS
from riostat.claims.document import FORMATS, document
from riostat.claims.verdicts import Verdicts
from riostat.commands.options import settings_options
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import ClaimError
from riostat.core.manifest import new_manifest
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="report")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="What to write; JATS is a technical note that `riostat cite` can read.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write instead of standard output.",
)
@settings_options("data")
def command(settings: Settings, *, form: str, output: Path | None) -> None:
    """Write every claim and the last verdict on it as a document."""
    machine = new_manifest("claims", command=(), clock=SYSTEM_CLOCK).machine
    text = document(CLAIMS, Verdicts(DataDirectory(settings.data).claims).last(), machine, form)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text)
    except OSError as error:
        raise ClaimError(
            f"The report cannot be written to {output} ({error.strerror}); choose another file "
            "with -o."
        ) from error
