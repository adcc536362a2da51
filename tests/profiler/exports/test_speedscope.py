"""Speedscope's format, checked against what its schema asks for."""

import io
import json
from typing import Any

from hypothesis import given

from riostat.profiler.exports import speedscope
from riostat.profiler.profile import Profile
from tests.profiler.profiles import Hit, function, hits, make_profile

_UNITS = {"none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"}


def _written(profile: Profile) -> dict[str, Any]:
    stream = io.StringIO()
    speedscope.write(profile, stream)
    file: dict[str, Any] = json.loads(stream.getvalue())
    return file


@given(hits())
def test_the_file_is_a_sampled_profile_of_the_schema(samples: list[Hit]) -> None:
    file = _written(make_profile(samples))
    assert file["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = file["shared"]["frames"]
    assert all(
        set(frame) <= {"name", "file"} and isinstance(frame["name"], str) for frame in frames
    )
    (profile,) = file["profiles"]
    assert profile["type"] == "sampled"
    assert isinstance(profile["name"], str)
    assert profile["unit"] in _UNITS
    assert profile["startValue"] == 0
    assert profile["endValue"] == sum(profile["weights"])
    assert len(profile["samples"]) == len(profile["weights"]) == len(samples)
    assert all(0 <= place < len(frames) for stack in profile["samples"] for place in stack)


@given(hits())
def test_samples_of_a_cpu_keep_their_order_their_weights_and_their_stacks(
    samples: list[Hit],
) -> None:
    file = _written(make_profile(samples))
    (profile,) = file["profiles"]
    names = [frame["name"] for frame in file["shared"]["frames"]]
    ordered = sorted(samples, key=lambda hit: (hit.cpu, hit.time_s))
    assert profile["weights"] == [hit.weight for hit in ordered]
    stacks = [[names[place] for place in stack] for stack in profile["samples"]]
    assert [stack[1:] for stack in stacks] == [
        ["abc"[hit.pid - 1], *map(function, reversed(hit.stack))] for hit in ordered
    ]


def test_functions_name_their_module_and_other_events_have_no_unit() -> None:
    file = _written(make_profile([Hit(0.1, (4,))], event="page-faults"))
    assert {"name": function(4), "file": "f4"} in file["shared"]["frames"]
    assert file["profiles"][0]["unit"] == "none"
