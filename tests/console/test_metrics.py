"""Figures stand in Prometheus' text format."""

import re

import httpx2

from riostat.console.metrics import METRICS

_LINE = re.compile(
    r'(# HELP \w+ \S.*|# TYPE \w+ (gauge|counter)|\w+(\{(\w+="(\\.|[^"\\\n])*",?)+\})? -?[\d.e+-]+)'
)


def test_every_line_is_a_figure_or_says_what_one_is(client: httpx2.Client) -> None:
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.endswith("\n")
    for line in answer.text.splitlines():
        assert _LINE.fullmatch(line), line


def test_figures_of_the_console_are_there(client: httpx2.Client) -> None:
    figures = dict(
        line.rsplit(" ", 1)
        for line in client.get("/metrics").text.splitlines()
        if not line.startswith("#")
    )
    assert float(figures["riostat_runs"]) >= 3
    assert float(figures["riostat_console_memory_bytes"]) > 1 << 20
    assert figures["riostat_recording"] == "0"


def test_counters_are_named_as_such() -> None:
    assert all((m.kind == "counter") == m.name.endswith("_total") for m in METRICS)
    assert len({metric.name for metric in METRICS}) == len(METRICS)
