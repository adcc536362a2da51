"""Questions about profiles, answered by a process of their own.

Loading a profile takes memory and time that the server must not lose, and reads files that may be
hostile. So one worker is started at the first question, asked one thing at a time, and ended when
nothing was asked for a while; where it crashes, one question fails and the next starts another.
"""

import asyncio
import os
from collections import OrderedDict
from http import HTTPStatus
from pathlib import Path
from typing import TypeAlias

import msgspec
from starlette.exceptions import HTTPException

from riostat.console.analysis.question import ANSWER_HEAD, QUESTION_HEAD, Query
from riostat.console.answers import refusal
from riostat.console.runs import RunCatalogue, Signature
from riostat.console.tether import tethered
from riostat.core.datadir import DataDirectory

__all__ = ["Analysis"]

_TIMEOUT_S = 120.0
_IDLE_S = 20.0
_END_S = 2.0
_WAITING = 16
_ANSWER_BYTES = 64 << 20
_CACHE_BYTES = 8 << 20
_CACHED_ANSWER_BYTES = 2 << 20


_Key: TypeAlias = tuple[Query, Signature, Signature | None]


class Analysis:
    """The worker, the questions that wait for it, and the answers that were given lately."""

    def __init__(self, data: DataDirectory, catalogue: RunCatalogue) -> None:
        self.questions = 0
        self.failures = 0
        self._data = data
        self._catalogue = catalogue
        self._worker: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._idle: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._answers: OrderedDict[_Key, bytes] = OrderedDict()
        self._answer_bytes = 0

    @property
    def worker_pid(self) -> int | None:
        """The worker's process, where there is one now."""
        return self._worker.pid if self._worker else None

    async def ask(self, query: Query) -> bytes:
        """Return the answer; raises `HTTPException` with a sentence where there is none."""
        key = await asyncio.to_thread(self._key, query)
        kept = self._answers.get(key)
        if kept is not None:
            self._answers.move_to_end(key)
            return kept
        if self._waiting >= _WAITING:
            raise refusal(503, "Too many questions wait for the analysis; ask again in a moment.")
        self._waiting += 1
        try:
            async with self._turn:
                answer = self._answers.get(key) or await self._exchange(query)
        finally:
            self._waiting -= 1
        self._keep(key, answer)
        return answer

    def end(self) -> None:
        """Kill the worker: whoever waits for it is told that the analysis ended."""
        if self._worker is not None and self._worker.returncode is None:
            self._worker.kill()

    async def close(self) -> None:
        """End the worker and wait for it."""
        self._stop_idling()
        worker, self._worker = self._worker, None
        if worker is not None:
            await _leave(worker)
        await asyncio.gather(*self._leaving)

    def _key(self, query: Query) -> _Key:
        signature = self._catalogue.signature
        other = None if query.other is None else signature(Path(query.other.path))
        return query, signature(Path(query.span.path)), other

    def _keep(self, key: _Key, answer: bytes) -> None:
        if len(answer) > _CACHED_ANSWER_BYTES or key in self._answers:
            return
        self._answers[key] = answer
        self._answer_bytes += len(answer)
        while self._answer_bytes > _CACHE_BYTES:
            _, oldest = self._answers.popitem(last=False)
            self._answer_bytes -= len(oldest)

    async def _exchange(self, query: Query) -> bytes:
        self._stop_idling()
        self.questions += 1
        whole = False
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                status, answer = await self._ask_worker(query)
            whole = True
        except TimeoutError as error:
            raise refusal(
                504,
                f"The analysis took more than {_TIMEOUT_S:.0f} s and was ended; choose a shorter "
                "span.",
            ) from error
        except (asyncio.IncompleteReadError, OSError) as error:
            raise refusal(
                502,
                "The analysis ended without an answer; ask again, and if it happens again look "
                "at the run with `riostat profile report`.",
            ) from error
        finally:
            if not whole:  # what the pipe holds now belongs to no question
                self.failures += 1
                self._dismiss()
        self._idle = asyncio.get_running_loop().call_later(_IDLE_S, self._dismiss)
        if status != HTTPStatus.OK:
            raise HTTPException(status, answer.decode())
        return answer

    async def _ask_worker(self, query: Query) -> tuple[int, bytes]:
        if self._worker is None or self._worker.returncode is not None:
            self._worker = await self._start()
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        question = msgspec.json.encode(query)
        self._worker.stdin.write(QUESTION_HEAD.pack(len(question)) + question)
        await self._worker.stdin.drain()
        status, length = ANSWER_HEAD.unpack(await self._worker.stdout.readexactly(ANSWER_HEAD.size))
        if length > _ANSWER_BYTES:
            self._dismiss()
            return 413, b"The answer is larger than a page can take; choose a shorter span."
        return status, await self._worker.stdout.readexactly(length)

    async def _start(self) -> asyncio.subprocess.Process:
        arguments = ["-m", "riostat.console.analysis.worker", str(self._data.root)]
        return await asyncio.create_subprocess_exec(
            *tethered(arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # a terminal's Ctrl-C is for the server, which ends the worker
            env=os.environ | {"PYTHONUNBUFFERED": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def _stop_idling(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def _dismiss(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            task = asyncio.get_running_loop().create_task(_leave(worker))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)


async def _leave(worker: asyncio.subprocess.Process) -> None:
    """Close the worker's pipe, which ends it; kill it where it is busy."""
    assert worker.stdin is not None
    worker.stdin.close()
    try:
        await asyncio.wait_for(worker.wait(), _END_S)
    except TimeoutError:
        worker.kill()
        await worker.wait()
