"""Folded stacks: what flamegraph.pl reads, with the same total as every other export."""

import io
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.exports import folded, perf_script, speedscope
from riostat.profiler.profile import Profile
from tests.profiler.profiles import CONTAINER, Hit, function, hits, make_profile

_HOSTILE = st.lists(
    st.one_of(st.binary(max_size=15), st.sampled_from([b"a;b", b"# c", b"\x1b[2J\n9 9", b" 1"])),
    min_size=3,
    max_size=3,
).map(lambda names: [name.replace(b"\0", b"") for name in names])


def _folded(profile: Profile) -> dict[str, int]:
    """Take the text apart as flamegraph.pl does: whatever it is, white space, and a number."""
    stream = io.StringIO()
    folded.write(profile, stream)
    lines = [re.fullmatch(r"(.*)\s+?(\d+)", line) for line in stream.getvalue().split("\n")[:-1]]
    found = {match[1]: int(match[2]) for match in lines if match}
    assert len(found) == len(lines)
    return found


def test_a_line_is_a_stack_from_the_domain_in_and_its_weight() -> None:
    samples = [
        Hit(0.1, (1, 0), weight=3),
        Hit(0.2, (1, 0), weight=4),
        Hit(0.3, (2,), pid=2, cgroup=CONTAINER, weight=5),
    ]
    assert _folded(make_profile(samples)) == {
        f"host;a;{function(0)};{function(1)}": 7,
        f"{'5' * 12};b;{function(2)}": 5,
    }


@given(hits(), _HOSTILE)
def test_no_name_adds_a_level_or_a_line(samples: list[Hit], names: list[bytes]) -> None:
    depths = {2 + len(hit.stack) for hit in samples}
    lines = _folded(make_profile(samples, names=names))
    assert {len(line.split(";")) for line in lines} == depths
    assert not any("\x1b" in line for line in lines)


@given(hits(), _HOSTILE)
def test_totals_are_equal_in_every_format(samples: list[Hit], names: list[bytes]) -> None:
    profile = make_profile(samples, names=names)
    total = sum(hit.weight for hit in samples)
    assert sum(_folded(profile).values()) == total
    scope, script = io.StringIO(), io.StringIO()
    speedscope.write(profile, scope)
    assert sum(json.loads(scope.getvalue())["profiles"][0]["weights"]) == total
    perf_script.write(profile, script)
    counts = re.findall(r": +(\d+) cpu-clock: $", script.getvalue(), re.MULTILINE)
    assert sum(map(int, counts)) == total
