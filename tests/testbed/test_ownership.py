"""Marks of owners: read back, and alive as long as their process is that process."""

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.testbed.ownership import Owner


@given(pid=st.integers(1, 4_194_304), ticks=st.integers(0, 2**62))
def test_a_mark_is_read_back(pid: int, ticks: int) -> None:
    assert Owner.parse(Owner(pid, ticks).mark) == Owner(pid, ticks)


@given(st.text())
def test_what_is_no_mark_has_no_owner(text: str) -> None:
    owner = Owner.parse(text)
    assert owner is None or owner.mark.split("-") == [str(int(n)) for n in text.split("-")]


@pytest.mark.parametrize(
    "mark", ["", "0-1", "1", "1-", "-1", "1-1-1", "1-1\n", "a-b", "\u0661-\u0661"]
)
def test_hostile_marks_have_no_owner(mark: str) -> None:
    assert Owner.parse(mark) is None


def test_an_owner_lives_as_long_as_its_process() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        owner = Owner.of(process.pid)
        assert owner.is_alive()
        assert not Owner(owner.pid, owner.start_ticks + 1).is_alive()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not owner.is_alive()  # a zombie
    assert not owner.is_alive()
    with pytest.raises(ProcessLookupError):
        Owner.of(process.pid)
