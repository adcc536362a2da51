"""Figures stand in Prometheus' text format."""

import re
from pathlib import Path

import httpx2

from riostat.console.app import create_app
from riostat.console.live.state import LiveDomain, LiveState
from riostat.console.metrics import METRICS, exposition
from tests.console.serving import TOKEN, new_settings

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


def test_domains_have_their_shares_and_parts_that_do_not_run_are_absent(tmp_path: Path) -> None:
    console = create_app(new_settings(tmp_path), token=TOKEN).console
    evil = LiveDomain(name='a"}\n\\evil 1', kind="container", samples=1, share=1.0, cpu=0.5)
    console.live._take(LiveState(domains=[evil]))
    lines = exposition(console).decode().splitlines()
    assert 'riostat_domain_cpu_ratio{domain="a\\"}\\n\\\\evil 1",kind="container"} 0.5' in lines
    assert not [line for line in lines if "switch" in line or "store" in line]


def test_counters_are_named_as_such() -> None:
    assert all((m.kind == "counter") == m.name.endswith("_total") for m in METRICS)
    assert len({metric.name for metric in METRICS}) == len(METRICS)
