"""The JSON API of the switch and the store."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from riostat.console import queries
from riostat.console.answers import event, json_answer, refusal, stream
from riostat.console.console import Console
from riostat.console.parts.benches import BenchView, last_bench
from riostat.console.parts.shelf import BucketEntry, ObjectPage, is_hidden
from riostat.console.parts.storestate import StoreView
from riostat.console.parts.switchstate import SwitchView
from riostat.console.parts.watch import Watch
from riostat.console.routes import EVENTS, Endpoint, Parameter

__all__ = ["Buckets", "LastBench", "PartApi"]

_LISTED, _MOST_LISTED = 100, 1000

State = TypeVar("State")


class Buckets(msgspec.Struct, frozen=True):
    """The buckets by name."""

    buckets: list[BucketEntry]


class LastBench(msgspec.Struct, frozen=True):
    """The last bench, None where no run holds one."""

    bench: BenchView | None


class PartApi:
    """The handlers of the API of parts and what describes them."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints that answer in JSON or event streams."""
        return [
            Endpoint("/api/switch", self.switch, "The switch now.", answer=SwitchView),
            Endpoint(
                "/api/switch/live",
                self.switch_live,
                "The switch once a second, as events named switch.",
                media=EVENTS,
                answer=SwitchView,
                refusals=(503,),
            ),
            Endpoint(
                "/api/switch/bench",
                self.switch_bench,
                "The bench in the newest run that holds one.",
                answer=LastBench,
            ),
            *self._store_endpoints(),
        ]

    def _store_endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("/api/store", self.store, "The store now.", answer=StoreView),
            Endpoint(
                "/api/store/live",
                self.store_live,
                "The store once a second, as events named store.",
                media=EVENTS,
                answer=StoreView,
                refusals=(503,),
            ),
            Endpoint(
                "/api/store/buckets",
                self.buckets,
                "The buckets of the store.",
                answer=Buckets,
                refusals=(503,),
            ),
            Endpoint(
                "/api/store/objects",
                self.objects,
                "A page of a bucket's objects, in the order of their keys.",
                answer=ObjectPage,
                parameters=(
                    Parameter("bucket", "Name of a bucket."),
                    Parameter("prefix", "Beginning of the keys to list, up to their next slash."),
                    Parameter("after", "Key after which the list goes on: `next_after`."),
                    Parameter(
                        "limit", "Most entries.", {"type": "integer", "maximum": _MOST_LISTED}
                    ),
                ),
                refusals=(400, 404, 503),
            ),
        ]

    async def switch(self, _request: Request) -> Response:
        """Answer /api/switch."""
        return json_answer(self._console.switch.state)

    async def switch_live(self, request: Request) -> Response:
        """Answer /api/switch/live."""
        return _live(request, self._console.switch, "switch")

    async def switch_bench(self, _request: Request) -> Response:
        """Answer /api/switch/bench."""
        bench = await asyncio.to_thread(last_bench, self._console.catalogue)
        return json_answer(LastBench(bench))

    async def store(self, _request: Request) -> Response:
        """Answer /api/store."""
        return json_answer(self._console.store.state)

    async def store_live(self, request: Request) -> Response:
        """Answer /api/store/live."""
        return _live(request, self._console.store, "store")

    async def buckets(self, _request: Request) -> Response:
        """Answer /api/store/buckets."""
        return json_answer(Buckets(await self._console.shelf.buckets()))

    async def objects(self, request: Request) -> Response:
        """Answer /api/store/objects."""
        query = request.query_params
        bucket = query.get("bucket", "")
        if not bucket or is_hidden(bucket):
            raise refusal(400, "bucket is missing; /api/store/buckets lists those that there are.")
        page = await self._console.shelf.page(
            bucket,
            prefix=query.get("prefix", ""),
            after=query.get("after", ""),
            limit=queries.whole_number(query, "limit", default=_LISTED, low=1, high=_MOST_LISTED),
        )
        return json_answer(page)


def _live(request: Request, watch: Watch[State], name: str) -> Response:
    watch.listeners.check_room()

    async def events() -> AsyncIterator[bytes]:
        async with watch.listeners.listen(watch.state) as states:
            async for state, _ in states:
                yield event(name, msgspec.json.encode(state))

    return stream(request, events())
