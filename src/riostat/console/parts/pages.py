"""The pages of the switch and the store."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from riostat.console.answers import event, refusal, stream
from riostat.console.console import Console
from riostat.console.parts.benches import last_bench
from riostat.console.parts.diagram import switch_picture
from riostat.console.parts.objects import answer_object, is_playable, shown_type
from riostat.console.parts.shelf import ObjectEntry, ObjectPage, entry_of, is_hidden
from riostat.console.parts.storestate import StoreView
from riostat.console.parts.switchstate import SwitchView
from riostat.console.parts.watch import Watch
from riostat.console.routes import ANY, EVENTS, HTML, Endpoint, Parameter
from riostat.console.schema import line_slots
from riostat.console.templates import Templates
from riostat.core.errors import StoreError
from riostat.switch.ports import DROP_WORDS

__all__ = ["LivePart", "PartPages"]

_OBJECTS = 100
_BUCKET = Parameter("bucket", "Name of a bucket.")
_KEY = Parameter("key", "Key of an object.")
_CREDENTIALS = "credentials"


State = TypeVar("State")


class LivePart(msgspec.Struct, frozen=True):
    """What is in the live part of a page at one moment, in HTML."""

    html: str


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the store's page shows of its objects."""

    buckets: list[object]
    page: dict[str, object] | None
    chosen: dict[str, object] | None
    problem: str | None
    more: str | None


class PartPages:
    """The handlers of the pages of parts and what describes them."""

    def __init__(self, console: Console, templates: Templates) -> None:
        self._console = console
        self._templates = templates

    def endpoints(self) -> list[Endpoint]:
        """Return the endpoints that answer with pages, and with what is live in them."""
        live = "The live part of the page, once a second, as events named part."
        return [
            Endpoint("/switch", self.switch, "The switch now.", media=HTML),
            Endpoint(
                "/switch/live",
                self.switch_live,
                live,
                media=EVENTS,
                answer=LivePart,
                refusals=(503,),
            ),
            Endpoint(
                "/store",
                self.store,
                "The store now, and its objects.",
                media=HTML,
                parameters=(
                    _BUCKET,
                    _KEY,
                    Parameter("prefix", "Beginning of the keys to list."),
                    Parameter("after", "Key after which the list goes on."),
                ),
            ),
            Endpoint(
                "/store/live",
                self.store_live,
                live,
                media=EVENTS,
                answer=LivePart,
                refusals=(503,),
            ),
            Endpoint(
                "/objects",
                self.content,
                "An object's bytes, whole or the range of a Range header.",
                media=ANY,
                parameters=(_BUCKET, _KEY, Parameter("download", "1: as a file to keep.")),
                refusals=(400, 404, 412, 416, 503),
            ),
        ]

    async def switch(self, _request: Request) -> Response:
        """Answer /switch."""
        bench = await asyncio.to_thread(last_bench, self._console.catalogue)
        context = _switch_context(self._console.switch.state)
        context["bench"] = None if bench is None else msgspec.to_builtins(bench)
        context["data"] = str(self._console.data.root)
        return self._templates.page("switch", context)

    async def switch_live(self, request: Request) -> Response:
        """Answer /switch/live."""
        return self._live(request, self._console.switch, "_switch", _switch_context)

    async def store(self, request: Request) -> Response:
        """Answer /store."""
        context = _store_context(self._console.store.state)
        shelf = self._console.shelf
        shown = await self._objects(request.query_params)
        context |= {
            "objects": shown,
            "exists": shelf.exists(),
            "root": str(shelf.root),
            "credentials": str(shelf.root / _CREDENTIALS),
        }
        return self._templates.page("store", context)

    async def store_live(self, request: Request) -> Response:
        """Answer /store/live."""
        return self._live(request, self._console.store, "_store", _store_context)

    async def content(self, request: Request) -> Response:
        """Answer /objects."""
        return await answer_object(request, self._console.shelf)

    def _live(
        self,
        request: Request,
        watch: Watch[State],
        template: str,
        context_of: Callable[[State], dict[str, object]],
    ) -> Response:
        watch.listeners.check_room()

        async def events() -> AsyncIterator[bytes]:
            async with watch.listeners.listen(watch.state) as states:
                async for state, _ in states:
                    html = self._templates.fragment(template, context_of(state))
                    yield event("part", msgspec.json.encode(LivePart(html)))

        return stream(request, events())

    async def _objects(self, query: QueryParams) -> _Shown:
        shelf = self._console.shelf
        if not shelf.exists():
            return _Shown([], None, None, None, None)
        bucket, key = query.get("bucket", ""), query.get("key", "")
        prefix, after = query.get("prefix", ""), query.get("after", "")
        if is_hidden(bucket):
            raise refusal(404, "There is no such bucket; /store lists those that there are.")
        try:
            buckets = await shelf.buckets()
            if not bucket and buckets:
                bucket = buckets[0].name
            if not bucket:
                return _Shown([], None, None, None, None)
            page = await shelf.page(bucket, prefix=prefix, after=after, limit=_OBJECTS)
            chosen = entry_of(await shelf.find(bucket, key)) if key else _first_playable(page)
        except StoreError as error:
            if bucket and query.get("bucket"):
                raise
            return _Shown([], None, None, str(error), None)
        more = None
        if page.next_after is not None:
            more = "/store?" + urlencode(
                {"bucket": bucket, "prefix": prefix, "after": page.next_after}
            )
        return _Shown(
            msgspec.to_builtins(buckets),
            _page_context(page),
            None if chosen is None else _object_context(chosen),
            None,
            more,
        )


def _switch_context(view: SwitchView) -> dict[str, object]:
    return {
        "switch": msgspec.to_builtins(view),
        "picture": msgspec.to_builtins(switch_picture(view)),
        "slots": line_slots(port.name for port in view.ports),
        "reasons": {drop.name.lower(): words for drop, words in DROP_WORDS.items()},
    }


def _store_context(view: StoreView) -> dict[str, object]:
    return {
        "store": msgspec.to_builtins(view),
        "slots": line_slots(disk.name for disk in view.disks),
    }


def _first_playable(page: ObjectPage) -> ObjectEntry | None:
    return next((entry for entry in page.objects if is_playable(entry.content_type)), None)


def _page_context(page: ObjectPage) -> dict[str, object]:
    shown: dict[str, object] = msgspec.to_builtins(page)
    shown["objects"] = [_object_context(entry) for entry in page.objects]
    parts = page.prefix.split("/")[:-1]
    shown["crumbs"] = [
        {"name": part, "href": _store_address(page.bucket, "/".join(parts[: n + 1]) + "/")}
        for n, part in enumerate(parts)
    ]
    shown["prefixes"] = [
        {"name": prefix[len(page.prefix) :], "href": _store_address(page.bucket, prefix)}
        for prefix in page.prefixes
    ]
    return shown


def _object_context(entry: ObjectEntry) -> dict[str, object]:
    place = {"bucket": entry.bucket, "key": entry.key}
    prefix = entry.key[: entry.key.rfind("/") + 1]
    kind = (shown_type(entry.content_type) or "").partition("/")[0]
    shown: dict[str, object] = msgspec.to_builtins(entry)
    return shown | {
        "name": entry.key[len(prefix) :] or entry.key,
        "kind": kind,
        "bytes_href": "/objects?" + urlencode(place),
        "download_href": "/objects?" + urlencode(place | {"download": "1"}),
        "page_href": "/store?" + urlencode(place | {"prefix": prefix}) + "#player",
    }


def _store_address(bucket: str, prefix: str) -> str:
    return "/store?" + urlencode({"bucket": bucket, "prefix": prefix}) + "#objects"
