"""What the control plane and the kernels call by numbers and by words are the same things."""

from riostat.switch.kernels import codes, layout
from riostat.switch.ports import DROP_WORDS, FAULT_WORDS, Drop, Fault


def _numbers(prefix: str) -> dict[str, int]:
    names = [name for name in codes.__all__ if name.startswith(prefix)]
    return {name.removeprefix(prefix): getattr(codes, name) for name in names}


def test_reasons_have_the_numbers_that_the_kernels_use() -> None:
    assert _numbers("DROP_") == {drop.name: int(drop) for drop in Drop}
    assert _numbers("FAULT_") == {fault.name: int(fault) for fault in Fault}


def test_every_reason_has_words() -> None:
    assert set(DROP_WORDS) == set(Drop)
    assert set(FAULT_WORDS) == set(Fault)


def test_a_drop_cannot_be_taken_for_a_fault() -> None:
    assert max(Fault) < -codes.DROPPED
    assert layout.COUNT_DROPS + len(Drop) <= layout.COUNT_QUEUES
