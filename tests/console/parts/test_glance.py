"""The parts at a glance: a figure while they run, else why not or how to start them."""

from typing import Literal

import pytest

from riostat.console.library.holdings import ClaimsView, Holdings, LibraryView
from riostat.console.live.state import LiveState
from riostat.console.parts.glance import glances
from riostat.console.parts.storestate import StoreView
from riostat.console.parts.switchstate import SwitchView

OFF = (LiveState(), SwitchView(), StoreView(), Holdings())


def test_what_does_not_run_says_how_to_start_it() -> None:
    shown = {glance.name: glance for glance in glances(*OFF)}
    assert list(shown) == ["profiler", "switch", "store", "library", "claims"]
    assert [glance.state for glance in shown.values()] == ["absent"] * 3 + ["empty"] * 2
    assert "riostat cite ingest" in shown["library"].note
    assert "riostat switch run" in shown["switch"].note
    assert "riostat store serve" in shown["store"].note
    assert shown["profiler"].href == "/runs"


def test_what_runs_has_a_figure() -> None:
    live = LiveState(state="recording", run="r", busy=0.25, samples_per_second=198.0)
    switch = SwitchView(state="running", bits_per_second=1.5e9, frames_per_second=2e6)
    store = StoreView(state="running", sent_bps=5e6, blocks=10_000, late=2)
    shown = {glance.name: glance for glance in glances(live, switch, store, Holdings())}
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
    shown = {
        glance.name: glance for glance in glances(LiveState(), switch, StoreView(), Holdings())
    }
    assert shown["switch"].state == state
    assert word in shown["switch"].note


def test_a_recording_that_stopped_is_a_problem() -> None:
    live = LiveState(state="stopped", reason="The disk is full.", run="r")
    (profiler, *_) = glances(live, SwitchView(), StoreView(), Holdings())
    assert (profiler.state, profiler.note) == ("failed", "The disk is full.")


def test_the_library_and_the_claims_say_what_they_hold() -> None:
    library = LibraryView(state="ready", documents=2, works=6, statements=1200)
    claims = ClaimsView(claims=5, verdicts={"inconclusive": 1, "consistent": 2})
    shown = {glance.name: glance for glance in glances(*OFF[:3], Holdings(library, claims))}
    assert shown["library"].figure == "1\u2009200 statements"
    assert shown["library"].note == "6 works cited in 2 documents"
    assert shown["claims"].figure == "3 of 5 measured"
    assert shown["claims"].note == "2 consistent, 1 inconclusive"


@pytest.mark.parametrize(
    ("state", "reason", "word"),
    [("starting", None, "being read"), ("failed", "No room.", "No room."), ("empty", None, "cite")],
)
def test_a_library_without_statements_says_why(
    state: Literal["starting", "failed", "empty"], reason: str | None, word: str
) -> None:
    holdings = Holdings(LibraryView(state=state, reason=reason))
    (library,) = (g for g in glances(*OFF[:3], holdings) if g.name == "library")
    assert library.state == state
    assert word in library.note
