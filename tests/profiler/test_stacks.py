"""Stacks: what each sample's is, from the domain to the innermost function."""

from hypothesis import given

from riostat.profiler.stacks import Frame, build_stacks
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
