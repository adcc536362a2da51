"""Events by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import SamplingError
from riostat.profiler.events import CPU_CLOCK, CYCLES, EVENT_NAMES, find_event


def test_every_event_is_found_by_its_name() -> None:
    assert [find_event(name).name for name in EVENT_NAMES] == list(EVENT_NAMES)
    assert len({find_event(name)[1:] for name in EVENT_NAMES}) == len(EVENT_NAMES)
    assert {CPU_CLOCK.name, CYCLES.name} <= set(EVENT_NAMES)


@given(st.integers(0, (1 << 64) - 1))
def test_a_raw_event_is_its_number(config: int) -> None:
    event = find_event(f"r{config:x}")
    assert (event.type, event.config) == (4, config)


@pytest.mark.parametrize("name", ["", "r", "cycle", "rxyz", "r11112222333344445", "a\x1b[2Jb"])
def test_another_name_is_one_sentence(name: str) -> None:
    with pytest.raises(SamplingError) as refused:
        find_event(name)
    sentence = str(refused.value)
    assert sentence.isprintable()
    assert "cpu-clock" in sentence
