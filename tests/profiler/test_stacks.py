"""Stacks: what each sample's is, from the domain to the innermost function."""

from pathlib import Path

import pytest
from hypothesis import given

from riostat.profiler.profile import Profile
from riostat.profiler.stacks import Frame, build_stacks
from riostat.profiler.symbols.symbolizer import Symbolizer
from tests.profiler import recorded
from tests.profiler.profiles import CONTAINER, Hit, function, hits, make_profile


@given(hits())
def test_each_sample_has_its_own_path_and_every_path_is_kept_once(samples: list[Hit]) -> None:
    stacks = build_stacks(make_profile(samples))
    paths = [
        tuple(stacks.frames[place].name for place in stacks.path(stack))
        for stack in range(len(stacks))
    ]
    ordered = sorted(samples, key=lambda hit: hit.time_s)
    domains = {1: "host", CONTAINER: "5" * 12}
    assert [paths[stack] for stack in stacks.codes.tolist()] == [
        (domains[hit.cgroup], "abc"[hit.pid - 1], *map(function, reversed(hit.stack)))
        for hit in ordered
    ]
    assert len(set(paths)) == len(paths)
    assert stacks.weights.sum() == sum(hit.weight for hit in samples)
    assert len(set(stacks.frames)) == len(stacks.frames)


def test_frames_say_what_kind_of_thing_they_are() -> None:
    stacks = build_stacks(make_profile([Hit(0.1, (1, 0))]))
    assert [stacks.frames[place] for place in stacks.path(0)] == [
        Frame("host", "domain"),
        Frame("a", "process"),
        Frame("f0 [unknown]", "user", "f0"),
        Frame("f1 [unknown]", "user", "f1"),
    ]


@pytest.mark.parametrize(("mode", "kind"), [(1, "kernel"), (4, "guest kernel"), (7, "unknown")])
def test_every_mode_that_a_file_can_hold_has_a_kind(tmp_path: Path, mode: int, kind: str) -> None:
    recording = recorded.Recording(tmp_path)
    recording.begin([recorded.process(1, b"a")])
    time_ns = recording.started_ns + 1000
    recording.samples(time_ns, recorded.frame([recorded.sample(time_ns, mode=mode)]))
    profile = Profile.load(recording.open(), symbols=Symbolizer(tmp_path), kernels=tmp_path)
    stacks = build_stacks(profile)
    assert stacks.frames[stacks.path(0)[-1]].kind == kind
