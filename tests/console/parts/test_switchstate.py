"""Rates of a switch: the difference of two answers, and nothing where there is none."""

from pathlib import Path

import pytest

from riostat.console.parts.switchstate import SwitchSight
from riostat.switch.control import control_path
from riostat.switch.status import SwitchStatus
from tests.console.parts.standing import port, said_switch, switch_status


def sight(data: Path, problem: str | None = None, *, kept: bool = False) -> SwitchSight:
    return SwitchSight(control_path(data), (lambda: problem) if kept else None)


def test_rates_are_the_growth_of_counters(tmp_path: Path) -> None:
    answers = iter(
        [
            switch_status(port("a", rx=(100, 6400), tx=(1, 64)), second=1),
            switch_status(port("a", rx=(2100, 134_400), tx=(501, 32_064)), second=3),
        ]
    )
    with said_switch(tmp_path, lambda: next(answers)):
        looking = sight(tmp_path)
        first = looking.look()
        assert (first.state, first.frames_per_second) == ("running", 0.0)
        view = looking.look()
    (shown,) = view.ports
    assert shown.rx.frames_per_second == pytest.approx(1000)
    assert shown.rx.bits_per_second == pytest.approx(8 * 64_000)
    assert (view.frames_per_second, view.bits_per_second) == (250.0, 128_000.0)
    assert [moment.frames_per_second for moment in view.history] == [0.0, 250.0]


@pytest.mark.parametrize(
    "after",
    [
        switch_status(port("a", rx=(5, 300)), second=2),
        switch_status(port("a", rx=(5, 300)), second=1, started=9),
    ],
    ids=["the port was attached anew", "the switch was started anew"],
)
def test_counters_that_begin_anew_are_no_rate(tmp_path: Path, after: SwitchStatus) -> None:
    answers = iter([switch_status(port("a", rx=(100, 6400)), second=1), after])
    with said_switch(tmp_path, lambda: next(answers)):
        looking = sight(tmp_path)
        looking.look()
        (shown,) = looking.look().ports
    assert shown.rx.frames == 5
    assert shown.rx.frames_per_second == 0


def test_drops_are_summed_by_reason(tmp_path: Path) -> None:
    status = switch_status(
        port("a", drops={"no_buffer": 3, "spoofed": 1}), port("b", drops={"no_buffer": 4})
    )
    with said_switch(tmp_path, lambda: status):
        view = sight(tmp_path).look()
    assert view.drops == {"no_buffer": 7, "spoofed": 1}
    assert view.dropped == 8


def test_no_switch_is_absent_starting_or_failed(tmp_path: Path) -> None:
    assert sight(tmp_path).look().state == "absent"
    assert sight(tmp_path, kept=True).look().state == "starting"
    failed = sight(tmp_path, "There is no room.", kept=True).look()
    assert (failed.state, failed.reason) == ("failed", "There is no room.")


def test_a_switch_that_ends_leaves_its_history(tmp_path: Path) -> None:
    looking = sight(tmp_path)
    with said_switch(tmp_path, lambda: switch_status(port("a"), second=1)):
        looking.look()
    view = looking.look()
    assert view.state == "absent"
    assert len(view.history) == 1
