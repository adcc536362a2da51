"""Killing: those that are meant, also when they multiply, and no other that has their id."""

import os
import signal
import subprocess
from pathlib import Path

from riostat.testbed.ownership import Owner
from riostat.testbed.processes import inode_of, kill_processes, processes_in_namespace


def alive(*owners: Owner) -> list[Owner]:
    return [owner for owner in owners if owner.is_alive()]


def test_the_meant_are_killed_and_have_ended() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        owner = Owner.of(process.pid)
        kill_processes(lambda: alive(owner))
        assert not owner.is_alive()
    assert process.returncode == -signal.SIGKILL


def test_another_with_the_same_id_is_not_hit() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        former = Owner(process.pid, Owner.of(process.pid).start_ticks - 1)
        kill_processes(lambda: [former])
        process.communicate(b"")
    assert process.returncode == 0


def test_the_dead_and_the_caller_are_left_out() -> None:
    with subprocess.Popen(["true"]) as process:
        owner = Owner(process.pid, 0)
    kill_processes(lambda: [owner, Owner.of(os.getpid())])


def test_children_that_appear_meanwhile_are_found_in_the_next_round() -> None:
    with (
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as first,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as second,
    ):
        rounds = iter([[Owner.of(first.pid)], [Owner.of(second.pid)], []])
        kill_processes(lambda: next(rounds))
    assert (first.returncode, second.returncode) == (-signal.SIGKILL, -signal.SIGKILL)


def test_a_namespace_has_its_processes() -> None:
    here = processes_in_namespace(inode_of(Path("/proc/self/ns/net")))
    assert Owner.of(os.getpid()) in here
    assert processes_in_namespace(inode_of(Path("/proc/self/ns/pid"))) == []
    assert processes_in_namespace(inode_of(Path("/proc/self/ns/nothing"))) == []
