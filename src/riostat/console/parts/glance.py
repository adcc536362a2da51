"""The parts at a glance: what the overview says of each, in one figure."""

from collections.abc import Callable

from riostat.console.library.holdings import ClaimsView, Holdings, LibraryView
from riostat.console.live.state import Glance, LiveState
from riostat.console.parts.storestate import StoreView
from riostat.console.parts.switchstate import SwitchView
from riostat.console.wording import FILTERS

__all__ = ["glances"]

_HOW = {
    "profiler": "`riostat up` records this machine.",
    "switch": "`riostat switch run` starts one.",
    "store": "`riostat store serve` starts its server.",
    "library": "`riostat cite ingest PATH` fills it.",
}
_STARTING = {
    "profiler": "The recorder is starting.",
    "switch": "It is starting; the first start compiles its loops.",
    "store": "It is starting; the first start makes it.",
    "library": "riostat's own notes are being read.",
}


def glances(
    live: LiveState, switch: SwitchView, store: StoreView, holdings: Holdings
) -> list[Glance]:
    """Return what the overview says of each part."""
    return [
        _profiler(live),
        _switch(switch),
        _store(store),
        _library(holdings.library),
        _claims(holdings.claims),
    ]


def _words(name: str) -> Callable[..., str]:
    return FILTERS[name]


def _without(name: str, title: str, state: str, reason: str | None, href: str) -> Glance:
    """Say of a part that does not run why, and how to start it."""
    note = reason or (_STARTING[name] if state == "starting" else _HOW[name])
    return Glance(name=name, title=title, state=state, figure="-", note=note, href=href)


def _profiler(live: LiveState) -> Glance:
    href = "/runs" if live.run is None else f"/runs/{live.run}"
    if live.state != "recording":
        state = {"stopped": "failed"}.get(live.state, live.state)
        return _without("profiler", "Profiler", state, live.reason, href)
    return Glance(
        name="profiler",
        title="Profiler",
        state="running",
        figure=f"{_words('percent')(live.busy)} busy",
        note=f"{live.samples_per_second:.0f} samples a second, {live.lost} lost",
        href=href,
    )


def _switch(switch: SwitchView) -> Glance:
    if switch.state != "running":
        return _without("switch", "Switch", switch.state, switch.reason, "/switch")
    broken = sum(port.state == "broken" for port in switch.ports)
    ports = f"{len(switch.ports)} ports, {_words('packets')(switch.frames_per_second)}"
    return Glance(
        name="switch",
        title="Switch",
        state="running",
        figure=_words("bits")(switch.bits_per_second),
        note=f"{ports}, {broken} broken" if broken else ports,
        href="/switch",
    )


def _store(store: StoreView) -> Glance:
    if store.state != "running":
        return _without("store", "Store", store.state, store.reason, "/store")
    late = f"{_words('count')(store.late)} of {_words('count')(store.blocks)} blocks late"
    return Glance(
        name="store",
        title="Store",
        state="running",
        figure=f"{_words('throughput')(store.sent_bps)} sent",
        note=f"{len(store.disks)} disks, {late}",
        href="/store",
    )


def _library(library: LibraryView) -> Glance:
    if library.state != "ready":
        return _without("library", "Library", library.state, library.reason, "/library")
    count = _words("count")
    holds = f"{count(library.works)} works cited in {count(library.documents)} documents"
    return Glance(
        name="library",
        title="Library",
        state="ready",
        figure=f"{count(library.statements)} statements",
        note=f"{holds}. {library.reason}" if library.reason else holds,
        href="/library",
    )


def _claims(claims: ClaimsView) -> Glance:
    by_count = sorted(claims.verdicts.items(), key=lambda item: (-item[1], item[0]))
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in by_count)
    return Glance(
        name="claims",
        title="Claims",
        state="ready" if claims.verdicts else "empty",
        figure=f"{sum(claims.verdicts.values())} of {claims.claims} measured",
        note=verdicts or "A button on their page measures one.",
        href="/claims",
    )
