"""riostat cite ingest."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riostat.commands.cite.progress import progress_bar
from riostat.commands.options import json_option, settings_options
from riostat.core.datadir import DataDirectory
from riostat.core.errors import ModelError
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from riostat.citations.index import CitationIndex
    from riostat.citations.ingestion import IngestProgress

__all__ = ["command"]

_REFUSALS_SHOWN = 20


@click.command(name="ingest")
@click.argument(
    "paths",
    nargs=-1,
    metavar="[PATH...]",
    type=click.Path(path_type=Path),
    help="JATS files, folders, and .tar.gz, .tgz, .tar or .zip archives of them "
    "[default: riostat's own technical notes].",
)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 256),
    help="Processes that read documents [default: one for each CPU].",
)
@json_option
@settings_options("data")
def command(
    settings: Settings, paths: tuple[Path, ...], *, jobs: int | None, as_json: bool
) -> None:
    """Read documents into the citation index, resolve their references, and classify statements.

    A file that is there already is passed over, so an ingest that was interrupted goes on where it
    was when it is given again. A newer file of the same article replaces the older one. A file
    that cannot be read is named with the reason, and the others are read.
    """
    from riostat.citations.archives import count_sources  # lxml, which `--help` does not need
    from riostat.citations.index import CitationIndex
    from riostat.citations.ingestion import LIBRARY, ingest

    given = list(paths) or [LIBRARY]
    jobs = jobs or len(os.sched_getaffinity(0))
    with (
        CitationIndex.open(DataDirectory(settings.data).citations, create=True) as index,
        progress_bar() as bar,
    ):
        task = bar.add_task("reading", total=count_sources(given), words="")

        def show(progress: "IngestProgress") -> None:
            words = f"{progress.added} added, {progress.refused_count} refused"
            bar.update(task, completed=progress.files, words=words)

        done = ingest(index, given, jobs=jobs, report=show)
        model = _classify(index, bar)
        _index_text(index, bar)
    for sentence in list(done.refused)[:_REFUSALS_SHOWN]:
        click.echo(f"riostat: {sentence}", err=True)
    if done.refused_count > _REFUSALS_SHOWN:
        more = done.refused_count - _REFUSALS_SHOWN
        click.echo(f"riostat: {more} more files were refused.", err=True)
    if as_json:
        click.echo(json.dumps(_result(done, model)))
    else:
        click.echo(
            f"{done.added} documents added, {done.known} known, {done.refused_count} refused; "
            f"{done.references} references, {done.statements} statements",
            err=True,
        )
    if not done.added + done.known:
        raise SystemExit(1)


def _classify(index: "CitationIndex", bar: "Progress") -> str | None:
    """Classify what is new; without a model the index is as useful as it can be without one."""
    from riostat.citations.classification import Classifier
    from riostat.citations.classifying import classify_index, unclassified

    try:
        classifier = Classifier.load()
    except ModelError as error:
        click.echo(f"riostat: {error} Statements stay unclassified.", err=True)
        return None
    task = bar.add_task("classifying", total=unclassified(index, classifier), words="")
    classify_index(index, classifier, lambda count: bar.advance(task, count))
    return classifier.version


def _index_text(index: "CitationIndex", bar: "Progress") -> None:
    from riostat.citations.search import StatementSearch

    search = StatementSearch(index)
    task = bar.add_task("indexing", total=search.behind, words="")
    search.catch_up(lambda count: bar.advance(task, count))


def _result(done: "IngestProgress", model: str | None) -> dict[str, object]:
    return {
        "added": done.added,
        "known": done.known,
        "refused": done.refused_count,
        "refusals": list(done.refused),
        "references": done.references,
        "statements": done.statements,
        "model": model,
    }
