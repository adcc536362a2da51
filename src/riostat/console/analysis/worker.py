"""The process that loads profiles: ``python -m riostat.console.analysis.worker DATA``.

It answers one question after another from its standard input, and ends when that does. Where
memory runs out the kernel is told to take this process first.
"""

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from riostat.console.analysis.profiles import Profiles
from riostat.console.analysis.question import ANSWER_HEAD, QUESTION_HEAD, Query
from riostat.console.analysis.series import read_counters, series_view
from riostat.console.analysis.views import (
    diff_view,
    domains_view,
    page_view,
    report_view,
    series_page,
    span_of,
    timeline_view,
    tree_view,
)
from riostat.console.schema import Series, SeriesPage
from riostat.console.statuses import status_of
from riostat.core.datadir import DataDirectory
from riostat.core.errors import RiostatError
from riostat.core.run import Run
from riostat.profiler.exports import folded, perf_script, speedscope

__all__ = ["answer", "serve_questions"]

_FIRST_TO_GO = "900"
_NICENESS = 5
_EXPORTS = {"folded": folded, "perf-script": perf_script, "speedscope": speedscope}


def answer(profiles: Profiles, query: Query) -> bytes:
    """Return the answer to one question; raises `RiostatError`."""
    if query.kind in {"series", "series-page"}:
        return msgspec.json.encode(_series(query))
    chosen = profiles.load(query.span)
    match query.kind:
        case "speedscope" | "folded" | "perf-script":
            text = io.StringIO()
            _EXPORTS[query.kind].write(chosen.of(query.event), text)
            return text.getvalue().encode()
        case "timeline":
            view: object = timeline_view(chosen, query.event, bins=query.bins)
        case "report":
            view = report_view(
                chosen.of(query.event), by=query.by, children=query.children, top=query.top
            )
        case "domains":
            view = domains_view(chosen)
        case "tree" | "flame":
            view = tree_view(chosen.of(query.event), query.kind)
        case "diff":
            assert query.other is not None
            after = profiles.load(query.other)
            view = diff_view(chosen, after, query.event, by=query.by, top=query.top)
        case "page":
            assert query.other is not None
            view = page_view(
                profiles.load(query.other),
                chosen,
                query.event,
                by=query.by,
                children=query.children,
                top=query.top,
            )
    return msgspec.json.encode(view)


def _series(query: Query) -> Series | SeriesPage:
    """Answer what needs no profile."""
    asked = query.span
    run = Run.open(Path(asked.path))
    if query.kind == "series-page":
        return series_page(run, asked.from_s, asked.to_s)
    start_s, end_s = span_of(run, asked.from_s, asked.to_s)
    return series_view(run, read_counters(run), start_s=start_s, end_s=end_s, bins=query.bins)


def serve_questions(profiles: Profiles, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer questions until there are no more."""
    while len(head := questions.read(QUESTION_HEAD.size)) == QUESTION_HEAD.size:
        question = questions.read(QUESTION_HEAD.unpack(head)[0])
        status = 200
        try:
            body = answer(profiles, msgspec.json.decode(question, type=Query))
        except RiostatError as error:
            status, body = status_of(error), str(error).encode()
        answers.write(ANSWER_HEAD.pack(status, len(body)) + body)
        answers.flush()


def _main(data: Path) -> None:
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    os.nice(_NICENESS)
    serve_questions(Profiles(DataDirectory(data)), sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
