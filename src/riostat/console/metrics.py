"""Figures for Prometheus: those of the console and its recorder, and of the parts that run."""

import os

from riostat.console.console import Console
from riostat.console.parts.figures import PART_METRICS, store_figures, switch_figures
from riostat.console.prometheus import Figures, Labels, Metric, lines
from riostat.console.usage import ProcessUse, process_use

__all__ = ["METRICS", "exposition"]

_CONSOLE_METRICS = tuple(
    Metric(f"riostat_{name}", kind, text)
    for name, kind, text in (
        ("runs", "gauge", "Runs in the data directory."),
        ("recording", "gauge", "1 while the machine is being recorded."),
        ("live_samples_per_second", "gauge", "Samples a second in the live profile."),
        ("live_samples_total", "counter", "Samples that the live profile has read."),
        ("live_lost_total", "counter", "Records that found no room in a ring."),
        ("live_listeners", "gauge", "Pages that follow the live profile."),
        ("live_updates_dropped_total", "counter", "Updates that slow pages missed."),
        ("live_restarts_total", "counter", "Times that the live profile's reader ended unasked."),
        ("live_memory_bytes", "gauge", "Resident memory of the live profile's reader."),
        ("busy_ratio", "gauge", "Fraction of all CPU time that was busy."),
        ("domain_cpu_ratio", "gauge", "Fraction of all CPU time that a domain had."),
        ("recorder_cpu_seconds_total", "counter", "CPU time of the recorder."),
        ("recorder_memory_bytes", "gauge", "Resident memory of the recorder."),
        ("recorder_run_bytes", "gauge", "Bytes of the rolling run."),
        ("console_cpu_seconds_total", "counter", "CPU time of the console."),
        ("console_memory_bytes", "gauge", "Resident memory of the console."),
        ("analysis_memory_bytes", "gauge", "Resident memory of the analysis, 0 without one."),
        ("analysis_questions_total", "counter", "Questions that the analysis was asked."),
        ("analysis_failures_total", "counter", "Questions that got no answer."),
    )
)
METRICS = (*_CONSOLE_METRICS, *PART_METRICS)


def exposition(console: Console) -> bytes:
    """Return all figures as text; a figure that is not known now is left out."""
    parts = {**switch_figures(console.switch.state), **store_figures(console.store.state)}
    return "".join(lines(METRICS, {**_figures(console), **parts})).encode()


def _figures(console: Console) -> Figures:
    state = console.live.now()
    own = process_use(os.getpid())
    worker, feed = _use(console.analysis.worker_pid), _use(console.live.feed_pid)
    figures: dict[str, float | dict[Labels, float]] = {
        "riostat_runs": console.catalogue.count(),
        "riostat_recording": int(state.state == "recording"),
        "riostat_live_samples_per_second": state.samples_per_second,
        "riostat_live_samples_total": state.samples_total,
        "riostat_live_lost_total": state.lost,
        "riostat_live_listeners": len(console.live.listeners),
        "riostat_live_updates_dropped_total": console.live.listeners.dropped,
        "riostat_live_restarts_total": console.live.restarts,
        "riostat_live_memory_bytes": feed.memory_bytes if feed else 0,
        "riostat_busy_ratio": state.busy,
        "riostat_domain_cpu_ratio": {
            (("domain", d.name), ("kind", d.kind)): d.cpu for d in state.domains
        },
        "riostat_analysis_memory_bytes": worker.memory_bytes if worker else 0,
        "riostat_analysis_questions_total": console.analysis.questions,
        "riostat_analysis_failures_total": console.analysis.failures,
    }
    if own is not None:
        figures["riostat_console_cpu_seconds_total"] = own.cpu_seconds
        figures["riostat_console_memory_bytes"] = own.memory_bytes
    if state.recorder is not None:
        figures["riostat_recorder_cpu_seconds_total"] = state.recorder.cpu_seconds
        figures["riostat_recorder_memory_bytes"] = state.recorder.memory_bytes
        figures["riostat_recorder_run_bytes"] = state.recorder.bytes
    return figures


def _use(pid: int | None) -> ProcessUse | None:
    return None if pid is None else process_use(pid)
