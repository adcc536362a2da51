"""Cgroups that bound: programs enter them, and leave with them."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from riostat.core.errors import TestbedError
from riostat.testbed.cgroups import ThrottledGroup, marked_groups, remove_group
from tests.testbed.rights import needs_throttling, without_root

pytestmark = [pytest.mark.root, needs_throttling]


def test_a_program_enters_and_the_caller_does_not() -> None:
    here = Path("/proc/self/cgroup").read_text()
    with ThrottledGroup() as group:
        done = subprocess.run(
            group.command("cat", "/proc/self/cgroup"), capture_output=True, text=True, check=True
        )
        assert f"/{group.path.name}\n" in done.stdout
        assert Path("/proc/self/cgroup").read_text() == here
        assert group.path in set(marked_groups())
    assert not group.path.exists()


def test_arguments_arrive_as_they_are() -> None:
    with ThrottledGroup() as group:
        strange = ["a b", "$HOME", "'", "", "-n", "\n"]
        done = subprocess.run(
            group.command("printf", "%s|", *strange), capture_output=True, text=True, check=True
        )
    assert done.stdout == "".join(f"{word}|" for word in strange)


def test_what_runs_inside_ends_with_it() -> None:
    with ThrottledGroup() as group:
        program = subprocess.Popen(group.command("sh", "-c", "sleep 600 & echo; wait"), stdout=-1)
        assert program.stdout is not None
        program.stdout.readline()
        assert len((group.path / "cgroup.procs").read_text().split()) == 2
    assert program.wait() == -signal.SIGKILL
    program.stdout.close()
    assert not group.path.exists()
    remove_group(group.path)


def test_a_device_that_is_none_is_refused() -> None:
    with ThrottledGroup() as group, pytest.raises(TestbedError, match="99999:0 cannot be bounded"):
        group.bound("99999:0", 1000)


def test_without_root_one_sentence_says_so() -> None:
    said = without_root("from riostat.testbed.cgroups import ThrottledGroup; ThrottledGroup()")
    assert said.startswith("MissingToolError: The cgroup ")
    assert said.endswith(
        "NAME cannot be made (Permission denied); run it as root, and in a container with cgroups "
        "that it may write."
    )
    assert os.geteuid() == 0
