"""What pages and API show of profiles, as `schema` has it."""

from collections.abc import Sequence

import numpy as np

from riostat.console import pictures
from riostat.console.analysis.profiles import SpanProfiles
from riostat.console.analysis.question import reference
from riostat.console.analysis.series import delays_of, marks_of, read_counters, series_view
from riostat.console.schema import (
    Diff,
    DiffSide,
    DomainCell,
    DomainRow,
    Domains,
    Head,
    Node,
    Report,
    Row,
    RunPage,
    SeriesPage,
    Slots,
    Timeline,
    TimelineSeries,
    slots_of,
)
from riostat.core.run import Run
from riostat.profiler import flame
from riostat.profiler.diff import diff_profiles
from riostat.profiler.profile import Profile
from riostat.profiler.report import build_report
from riostat.profiler.timeline import build_timeline

__all__ = [
    "diff_view",
    "domains_view",
    "page_view",
    "report_view",
    "series_page",
    "span_of",
    "timeline_view",
    "tree_view",
]

_PAGE_BINS = 240
_SHARE_MIN = 0.001
_DIGITS = 6


def report_view(profile: Profile, *, by: Sequence[str], children: bool, top: int | None) -> Report:
    """Return the largest rows of a report."""
    report = build_report(profile, by=by, children=children, top=top)
    rows: list[Row] = []
    for row in report.rows:
        keys: Row = dict(zip(report.keys, row.values, strict=True))
        rows.append(keys | _estimate(row.samples, row.share, row.low, row.high))
    return Report(
        event=profile.event,
        samples=len(profile.weights),
        lost=profile.lost,
        seconds=round(profile.seconds, _DIGITS),
        notes=list(profile.notes),
        rows=rows,
        rows_left_out=report.rest_rows,
    )


def _estimate(samples: int, share: float, low: float, high: float) -> Row:
    return {
        "samples": samples,
        "share": round(share, _DIGITS),
        "low": round(low, _DIGITS),
        "high": round(high, _DIGITS),
    }


def domains_view(profiles: SpanProfiles) -> Domains:
    """Return the table of domains by events."""
    cells: dict[str, dict[str, DomainCell]] = {}
    kinds: dict[str, str] = {}
    for event in profiles.events:
        profile = profiles.of(event)
        kinds |= _domain_kinds(profile)
        for row in build_report(profile, by=("domain",)).rows:
            cell = DomainCell(
                row.samples,
                round(row.share, _DIGITS),
                round(row.low, _DIGITS),
                round(row.high, _DIGITS),
            )
            cells.setdefault(row.values[0], {})[event] = cell
    rows = [
        DomainRow(name, kinds[name], [found.get(event) for event in profiles.events])
        for name, found in cells.items()
    ]
    return Domains(list(profiles.events), rows)


def _domain_kinds(profile: Profile) -> dict[str, str]:
    return {domain.name: domain.kind.value for domain in profile.domains[1]}


def timeline_view(profiles: SpanProfiles, event: str | None, *, bins: int) -> Timeline:
    """Return the timeline of a span."""
    profile = profiles.of(event)
    timeline = build_timeline(profile, bins=bins, processes=0)
    is_clock = timeline.unit == "CPUs"
    values = np.array([series.values for series in timeline.domains]).reshape(-1, bins)
    totals = values.sum(axis=0)
    most = float(len(profile.cpus)) if is_clock else float(totals.max(initial=0.0))
    shares = (values / (most or 1.0)).clip(0, 1).round(5)
    kinds = _domain_kinds(profile)
    rows = zip(timeline.domains, shares.tolist(), strict=True)
    idle = (1 - totals / (most or 1.0)).clip(0, 1).round(5).tolist()
    return Timeline(
        run=profiles.run.path.name,
        event=profile.event,
        start_s=round(profiles.start_s, _DIGITS),
        bin_s=profile.seconds / bins,
        bins=bins,
        cpus=len(profile.cpus),
        unit="all CPU time" if is_clock else "the busiest moment's rate",
        series=[TimelineSeries(s.domain, kinds[s.domain], row) for s, row in rows],
        idle=idle if is_clock else None,
        lost=_lost(profiles, profile, bins),
        marks=marks_of(profiles.run, profiles.start_s, profiles.end_s),
    )


def _lost(profiles: SpanProfiles, profile: Profile, bins: int) -> list[int]:
    counts = [0] * bins
    for event in profiles.run.events():
        records = event.fields.get("records")
        place = (event.time_ns - profile.started_ns) / 1e9 * bins / (profile.seconds or 1.0)
        if event.name == "lost" and isinstance(records, int) and 0 <= place < bins:
            counts[int(place)] += records
    return counts


def tree_view(profile: Profile, kind: str) -> Node:
    """Return the treemap or the flame graph as a tree, without the parts under 0.1 %."""
    build = flame.build_flame if kind == "flame" else flame.build_treemap
    root = build(profile, share_min=_SHARE_MIN)
    samples, kinds = len(profile.weights), _domain_kinds(profile)
    total = root.value or 1

    def shown(node: flame.Node) -> Node:
        share = node.value / total
        return Node(
            name="all" if node is root else node.name,
            kind="all" if node is root else node.kind,
            samples=round(share * samples),
            share=round(share, _DIGITS),
            domain_kind=kinds.get(node.name, "") if node.kind == "domain" else "",
            children=[shown(child) for child in node.children],
        )

    return shown(root)


def diff_view(
    before: SpanProfiles,
    after: SpanProfiles,
    event: str | None,
    *,
    by: Sequence[str],
    top: int | None,
) -> Diff:
    """Return what changed between two spans."""
    event = event or before.of(None).event
    old, new = before.of(event), after.of(event)
    changes = diff_profiles(old, new, by=by)
    rows: list[Row] = []
    for change in changes[:top]:
        keys: Row = dict(zip(by, change.values, strict=True))
        numbers: Row = {
            name: round(getattr(change, name), _DIGITS)
            for name in ("before", "after", "change", "low", "high")
        }
        rows.append(keys | numbers | {"significant": change.significant})
    return Diff(
        event=old.event,
        events=[name for name in before.events if name in after.events],
        by=list(by),
        before=_side(before, old),
        after=_side(after, new),
        rows=rows,
        rows_left_out=len(changes) - len(rows),
        slots=_slots(old) | _slots(new),
    )


def _side(profiles: SpanProfiles, profile: Profile) -> DiffSide:
    span = reference(profiles.run.path.name, profiles.span.from_s, profiles.span.to_s)
    return DiffSide(span, len(profile.weights), round(profile.seconds, _DIGITS))


def _slots(profile: Profile) -> Slots:
    kinds = _domain_kinds(profile)
    rows = build_report(profile, by=("domain",)).rows
    return slots_of((row.values[0], kinds[row.values[0]]) for row in rows)


def page_view(
    whole: SpanProfiles,
    chosen: SpanProfiles,
    event: str | None,
    *,
    by: Sequence[str],
    children: bool,
    top: int | None,
) -> RunPage:
    """Return what the page of a run shows: the timeline of `whole`, the rest of `chosen`."""
    timeline = timeline_view(whole, event, bins=_PAGE_BINS)
    counters = read_counters(whole.run)
    series = series_view(
        whole.run, counters, start_s=whole.start_s, end_s=whole.end_s, bins=_PAGE_BINS
    )
    profile = chosen.of(event)
    picture = pictures.timeline(
        [(series.name, series.kind) for series in timeline.series],
        [series.shares for series in timeline.series],
        start_s=timeline.start_s,
        bin_s=timeline.bin_s,
        selection=None if chosen is whole else (chosen.start_s, chosen.end_s),
        marks=[(mark.time_s, mark.text) for mark in timeline.marks],
    )
    return RunPage(
        event=profile.event,
        events=list(chosen.events),
        start_s=round(whole.start_s, _DIGITS),
        end_s=round(whole.end_s, _DIGITS),
        head=_head(profile),
        domains=domains_view(chosen),
        report=report_view(profile, by=by, children=children, top=top),
        timeline=timeline,
        timeline_picture=picture,
        series=pictures.lines(series),
        delays=delays_of(chosen.run, counters, start_s=chosen.start_s, end_s=chosen.end_s),
        treemap=pictures.treemap(tree_view(profile, "tree")),
        flame=pictures.flame_graph(tree_view(profile, "flame")),
        slots=_slots(whole.of(event)),
    )


def series_page(run: Run, from_s: float | None, to_s: float | None) -> SeriesPage:
    """Return what the page of a run shows that has no profile."""
    start_s, end_s = span_of(run, from_s, to_s)
    series = series_view(run, read_counters(run), start_s=start_s, end_s=end_s, bins=_PAGE_BINS)
    return SeriesPage(series=pictures.lines(series), marks=series.marks, delays=series.delays)


def span_of(run: Run, from_s: float | None, to_s: float | None) -> tuple[float, float]:
    """Return the ends of a span in seconds from the run's start, its own where none is given."""
    end_s = run.state().seconds
    start_s = min(from_s or 0.0, end_s)
    return start_s, max(end_s if to_s is None else to_s, start_s)


def _head(profile: Profile) -> Head:
    idle = profile.idle_seconds
    total_s = profile.seconds * len(profile.cpus)
    return Head(
        samples=len(profile.weights),
        lost=profile.lost,
        seconds=round(profile.seconds, _DIGITS),
        frequency_hz=profile.frequency_hz,
        cpus=len(profile.cpus),
        idle_share=None if idle is None or not total_s else round(min(idle / total_s, 1.0), 5),
        notes=list(profile.notes),
    )
