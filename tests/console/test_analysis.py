"""Questions are answered by a process of its own, whose end is one error and no more."""

import asyncio
import io
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from riostat.console.analysis.client import Analysis
from riostat.console.analysis.profiles import Profiles
from riostat.console.analysis.question import (
    ANSWER_HEAD,
    QUESTION_HEAD,
    Query,
    SpanQuery,
    reference,
)
from riostat.console.analysis.views import timeline_view
from riostat.console.analysis.worker import answer, serve_questions
from riostat.console.runs import RunCatalogue
from riostat.console.schema import Domains, Report, RunPage, Timeline
from riostat.core.datadir import DataDirectory
from riostat.core.errors import RunError
from riostat.core.runs import RunDirectory
from riostat.core.span import parse_span
from tests.console.conftest import Recorded

T = TypeVar("T")


@pytest.fixture
def data(recorded: Recorded) -> DataDirectory:
    return DataDirectory(recorded.data)


@pytest.fixture
def span(recorded: Recorded) -> SpanQuery:
    return SpanQuery(str(recorded.data / "runs" / recorded.run))


def asked(data: DataDirectory, questions: Callable[[Analysis], Awaitable[T]]) -> T:
    """Ask an analysis that is closed afterwards, and leaves no process."""

    async def ask() -> T:
        analysis = Analysis(data, RunCatalogue(RunDirectory(data.runs)))
        pids = []
        try:
            return await questions(analysis)
        finally:
            if analysis.worker_pid is not None:
                pids.append(analysis.worker_pid)
            await analysis.close()
            assert not any(map(exists, pids))

    return asyncio.run(ask())


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def held_question(analysis: Analysis, span: SpanQuery) -> asyncio.Task[bytes]:
    """Return a question that waits for a worker that was stopped."""
    await analysis.ask(Query(kind="timeline", span=span, bins=1))
    assert analysis.worker_pid is not None
    os.kill(analysis.worker_pid, signal.SIGSTOP)
    waiting = asyncio.create_task(analysis.ask(Query(kind="timeline", span=span, bins=2)))
    while analysis.questions < 2:  # noqa: ASYNC110 - the analysis has no event for this moment
        await asyncio.sleep(0)
    return waiting


def test_an_answer_is_kept_until_the_run_changes(data: DataDirectory, span: SpanQuery) -> None:
    query = Query(kind="report", span=span, by=("domain",))
    later = Path(span.path, "later.frames")

    async def questions(analysis: Analysis) -> tuple[bytes, bytes, int]:
        first = await analysis.ask(query)
        second = await analysis.ask(query)
        asked_once = analysis.questions
        await asyncio.to_thread(later.write_bytes, b"")
        try:
            await analysis.ask(query)
        finally:
            await asyncio.to_thread(later.unlink)
        assert analysis.questions == asked_once + 1
        return first, second, asked_once

    first, second, asked_once = asked(data, questions)
    assert first == second
    assert asked_once == 1
    assert msgspec.json.decode(first, type=Report).rows


def test_questions_at_once_are_answered_in_turn(data: DataDirectory, span: SpanQuery) -> None:
    async def questions(analysis: Analysis) -> list[bytes]:
        queries = [Query(kind="timeline", span=span, bins=bins) for bins in (1, 2, 3, 1, 2, 3)]
        return await asyncio.gather(*map(analysis.ask, queries))

    answers = asked(data, questions)
    assert answers[:3] == answers[3:]
    assert [msgspec.json.decode(a, type=Timeline).bins for a in answers[:3]] == [1, 2, 3]


def test_too_many_questions_are_refused(data: DataDirectory, span: SpanQuery) -> None:
    async def questions(analysis: Analysis) -> list[bytes | BaseException]:
        queries = [Query(kind="timeline", span=span, bins=bins) for bins in range(1, 40)]
        return await asyncio.gather(*map(analysis.ask, queries), return_exceptions=True)

    answers = asked(data, questions)
    refused = [a for a in answers if isinstance(a, HTTPException)]
    assert {refusal.status_code for refusal in refused} == {503}
    assert len(answers) - len(refused) >= 16


def test_a_dead_worker_is_one_error(data: DataDirectory, span: SpanQuery) -> None:
    async def questions(analysis: Analysis) -> HTTPException:
        waiting = await held_question(analysis, span)
        assert analysis.worker_pid is not None
        os.kill(analysis.worker_pid, signal.SIGKILL)
        with pytest.raises(HTTPException) as caught:
            await waiting
        await analysis.ask(Query(kind="timeline", span=span, bins=3))
        assert analysis.failures == 1
        return caught.value

    failure = asked(data, questions)
    assert failure.status_code == 502
    assert failure.detail.endswith(".")


def test_ending_the_server_ends_a_question(data: DataDirectory, span: SpanQuery) -> None:
    async def questions(analysis: Analysis) -> HTTPException:
        waiting = await held_question(analysis, span)
        analysis.end()
        with pytest.raises(HTTPException) as caught:
            await waiting
        return caught.value

    assert asked(data, questions).status_code == 502


def exchanged(data: DataDirectory, *queries: Query) -> list[tuple[int, bytes]]:
    """What the worker writes when it reads these questions."""
    bodies = [msgspec.json.encode(query) for query in queries]
    questions = io.BytesIO(b"".join(QUESTION_HEAD.pack(len(b)) + b for b in bodies))
    answers = io.BytesIO()
    serve_questions(Profiles(data), questions, answers)
    content, found = answers.getvalue(), []
    while content:
        status, length = ANSWER_HEAD.unpack_from(content)
        end = ANSWER_HEAD.size + length
        found.append((status, content[ANSWER_HEAD.size : end]))
        content = content[end:]
    return found


def test_the_worker_answers_until_its_input_ends(data: DataDirectory, span: SpanQuery) -> None:
    absent = SpanQuery(str(data.runs / "absent"))
    answers = exchanged(
        data,
        Query(kind="folded", span=span),
        Query(kind="report", span=absent),
        Query(kind="report", span=span, event="nothing"),
        Query(kind="domains", span=span),
    )
    assert [status for status, _ in answers] == [200, 400, 422, 200]
    assert answers[1][1].endswith(b".")
    assert msgspec.json.decode(answers[3][1], type=Domains).rows


def test_the_page_of_a_span_has_the_timeline_of_all(data: DataDirectory, span: SpanQuery) -> None:
    profiles = Profiles(data)
    part = msgspec.structs.replace(span, from_s=0.5, to_s=1.0)
    query = Query(kind="page", span=part, other=span, by=("domain", "symbol"), top=5)
    page = msgspec.json.decode(answer(profiles, query), type=RunPage)
    assert page.head.seconds == pytest.approx(0.5, abs=0.01)
    assert page.timeline.bin_s * page.timeline.bins == pytest.approx(page.end_s, abs=0.2)
    assert page.timeline_picture["selection"]["width"] > 0
    assert len(page.report.rows) <= 5
    assert page.slots["host"] == 0


def test_profiles_are_kept_and_renewed(data: DataDirectory, span: SpanQuery) -> None:
    profiles = Profiles(data)
    first = profiles.load(span)
    assert profiles.load(span) is first
    for number in range(1, 6):
        profiles.load(msgspec.structs.replace(span, from_s=number / 10))
    assert profiles.load(span) is not first
    with pytest.raises(RunError):
        profiles.load(SpanQuery("/nothing"))


def test_a_profile_that_grew_is_read_again(data: DataDirectory, span: SpanQuery) -> None:
    growing = Path(span.path).with_name("growing")
    shutil.copytree(span.path, growing)
    try:
        (file,) = growing.glob("*.frames")
        content = file.read_bytes()
        file.write_bytes(content[: len(content) * 2 // 3])
        profiles = Profiles(data)
        first = profiles.load(SpanQuery(str(growing)))
        file.write_bytes(content)
        second = profiles.load(SpanQuery(str(growing)))
    finally:
        shutil.rmtree(growing)
    assert len(second.of(None).weights) > len(first.of(None).weights)


def test_a_timeline_counts_each_sample_once(data: DataDirectory, span: SpanQuery) -> None:
    profiles = Profiles(data).load(span)
    profile = profiles.of(None)
    timeline = timeline_view(profiles, None, bins=50)
    busy_s = sum(sum(s.shares) for s in timeline.series) * timeline.bin_s * timeline.cpus
    if profile.event == "cpu-clock":
        assert busy_s == pytest.approx(profile.weights.sum() / 1e9, rel=0.2)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.one_of(st.none(), st.floats(0, 1e6)),
)
def test_references_are_read_as_they_are_written(start: float | None, end: float | None) -> None:
    if start is not None and end is not None and round(start, 6) >= round(end, 6):
        return
    span = parse_span(reference("run", start, end))
    assert span.run == "run"
    assert span.from_seconds == (None if start is None else pytest.approx(start, abs=1e-6))
    assert span.to_seconds == (None if end is None else pytest.approx(end, abs=1e-6))
