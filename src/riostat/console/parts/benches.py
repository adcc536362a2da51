"""The last bench of the switch, out of the newest run that holds one."""

from pathlib import Path

import msgspec

from riostat.console.runs import RunCatalogue
from riostat.core.errors import RunError
from riostat.core.run import Run

__all__ = ["BENCH_ARTEFACT", "BENCH_CHANNEL", "BenchRow", "BenchSize", "BenchView", "last_bench"]

BENCH_CHANNEL = "switch.bench"
BENCH_ARTEFACT = "switch-bench.json"

_SEARCHED = 256
_BASELINE, _MEMCPY = "baseline", "memcpy"
_WORDS = {
    "baseline": "Baseline",
    "multiqueue": "Multi-queue",
    "reuse": "Grant reuse",
    "both": "Both",
    "map_batch": "Map in batches",
    "copy": "Copy",
    "memcpy": "memcpy",
}


class _Figures(msgspec.Struct, frozen=True):
    """One configuration, as ``switch bench --json`` has it; memcpy has no frames."""

    gbps: float
    mpps: float | None = None
    corrupt: int = 0
    dropped: int = 0


class _Bench(msgspec.Struct, frozen=True):
    """What ``switch bench --json`` prints, as far as it is drawn."""

    guests: int
    frames: dict[str, dict[str, _Figures]]


class BenchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration; `ratio` is to the baseline, `share` to the largest that is drawn.

    memcpy moves many times as much, so it has no `share`: the others would not be seen beside it.
    """

    name: str
    label: str
    gbps: float
    mpps: float | None
    ratio: float | None
    share: float | None
    corrupt: int
    dropped: int


class BenchSize(msgspec.Struct, frozen=True, kw_only=True):
    """All configurations with frames of one length."""

    frame_bytes: int
    rows: list[BenchRow]


class BenchView(msgspec.Struct, frozen=True, kw_only=True):
    """The last bench; `problem` says why it cannot be shown."""

    run: str
    href: str
    started: str
    guests: int = 0
    sizes: list[BenchSize] = []
    problem: str | None = None


def last_bench(catalogue: RunCatalogue) -> BenchView | None:
    """Return the bench of the newest run that holds one, None where no run does."""
    summaries, _ = catalogue.summaries(rolling=False, most=_SEARCHED)
    for summary in summaries:
        try:
            detail = catalogue.detail(summary.id)
            if any(channel.name == BENCH_CHANNEL for channel in detail.channels):
                return _shown(catalogue.find(summary.id), summary.started)
        except RunError:
            continue  # the list of runs says what is wrong with it
    return None


def _shown(path: Path, started: str) -> BenchView:
    view = BenchView(run=path.name, href=f"/runs/{path.name}", started=started)
    try:
        bench = msgspec.json.decode(Run.open(path).artefact(BENCH_ARTEFACT), type=_Bench)
        sizes = [_size(int(length), found) for length, found in bench.frames.items()]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        sentence = f"The bench in {path.name} cannot be read; run `riostat switch bench` again."
        return msgspec.structs.replace(view, problem=sentence)
    sizes.sort(key=lambda size: size.frame_bytes)
    return msgspec.structs.replace(view, guests=bench.guests, sizes=sizes)


def _size(frame_bytes: int, found: dict[str, _Figures]) -> BenchSize:
    baseline = found[_BASELINE].gbps if _BASELINE in found else 0.0
    drawn = [name for name in (*_WORDS, *sorted(found.keys() - _WORDS.keys())) if name in found]
    most = max((f.gbps for name, f in found.items() if name != _MEMCPY), default=0.0)
    rows = [
        BenchRow(
            name=name,
            label=_WORDS.get(name, name),
            gbps=found[name].gbps,
            mpps=found[name].mpps,
            ratio=found[name].gbps / baseline if baseline > 0 else None,
            share=found[name].gbps / most if most > 0 and name != _MEMCPY else None,
            corrupt=found[name].corrupt,
            dropped=found[name].dropped,
        )
        for name in drawn
    ]
    return BenchSize(frame_bytes=frame_bytes, rows=rows)
