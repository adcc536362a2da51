"""The parts at a glance: a figure while they run, else why not or how to start them."""

import pytest

from riostat.console.live.state import LiveState
from riostat.console.parts.glance import glances
from riostat.console.parts.storestate import StoreView
from riostat.console.parts.switchstate import SwitchView

OFF = (LiveState(), SwitchView(), StoreView())


def test_what_does_not_run_says_how_to_start_it() -> None:
    shown = {glance.name: glance for glance in glances(*OFF)}
    assert list(shown) == ["profiler", "switch", "store"]
    assert {glance.state for glance in shown.values()} == {"absent"}
    assert "riostat switch run" in shown["switch"].note
    assert "riostat store serve" in shown["store"].note
    assert shown["profiler"].href == "/runs"


def test_what_runs_has_a_figure() -> None:
    live = LiveState(state="recording", run="r", busy=0.25, samples_per_second=198.0)
    switch = SwitchView(state="running", bits_per_second=1.5e9, frames_per_second=2e6)
    store = StoreView(state="running", sent_bps=5e6, blocks=10_000, late=2)
    shown = {glance.name: glance for glance in glances(live, switch, store)}
    assert shown["profiler"].figure.startswith("25.0")
    assert shown["profiler"].href == "/runs/r"
    assert shown["switch"].figure == "1.5 Gb/s"
    assert "2 Mpps" in shown["switch"].note
    assert shown["store"].figure == "5 MB/s sent"
    assert "2 of 10\u2009000 blocks late" in shown["store"].note


@pytest.mark.parametrize(("state", "word"), [("starting", "starting"), ("failed", "No room.")])
def test_what_fails_says_why(state: str, word: str) -> None:
    reason = "No room." if state == "failed" else None
    switch = SwitchView(state="failed" if reason else "starting", reason=reason)
    shown = {glance.name: glance for glance in glances(LiveState(), switch, StoreView())}
    assert shown["switch"].state == state
    assert word in shown["switch"].note


def test_a_recording_that_stopped_is_a_problem() -> None:
    live = LiveState(state="stopped", reason="The disk is full.", run="r")
    (profiler, *_) = glances(live, SwitchView(), StoreView())
    assert (profiler.state, profiler.note) == ("failed", "The disk is full.")
