"""The text of perf script, taken apart as its readers do."""

import io
import re
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.exports import perf_script
from riostat.profiler.profile import Profile
from tests.profiler.profiles import Hit, function, hits, make_profile

# As in stackcollapse-perf.pl and in speedscope's linux-tools-perf.ts.
_EVENT = re.compile(r"^(\S.+?)\s+(\d+)/*(\d+)*\s+")
_PERIOD = re.compile(r":\s*(\d+)*\s+(\S+):\s*$")
_TIME = re.compile(r"\s+(\d+\.\d+):\s+")
_FRAME = re.compile(r"^\s*(\w+)\s*(.+) \((\S*)\)")


@dataclass
class _Sample:
    comm: str
    pid: int
    tid: int
    time_s: float
    period: int
    event: str
    frames: list[tuple[int, str, str]] = field(default_factory=list)


def _read(profile: Profile) -> list[_Sample]:
    stream = io.StringIO()
    perf_script.write(profile, stream)
    samples, open_sample = [], False
    for line in stream.getvalue().split("\n")[:-1]:
        assert not line.startswith("#")
        if not line:
            open_sample = False
        elif not open_sample:
            event, period, time = _EVENT.search(line), _PERIOD.search(line), _TIME.search(line)
            assert event and period and time, line  # noqa: PT018 - one line, one fault
            pid, tid = int(event[2]), int(event[3])
            samples.append(_Sample(event[1], pid, tid, float(time[1]), int(period[1]), period[2]))
            open_sample = True
        else:
            assert not _EVENT.search(line), line
            frame = _FRAME.search(line)
            assert frame, line
            samples[-1].frames.append((int(frame[1], 16), frame[2], frame[3]))
    return samples


@given(hits())
def test_readers_find_every_sample_with_its_frames(samples: list[Hit]) -> None:
    found = _read(make_profile(samples))
    ordered = sorted(samples, key=lambda hit: hit.time_s)
    assert [(s.comm.strip(), s.pid, s.tid, s.period, s.event) for s in found] == [
        ("abc"[hit.pid - 1], hit.pid, hit.pid, hit.weight, "cpu-clock") for hit in ordered
    ]
    assert [[name for _, name, _ in sample.frames] for sample in found] == [
        list(map(function, hit.stack)) for hit in ordered
    ]
    assert [[module for *_, module in sample.frames] for sample in found] == [
        [f"f{number}" for number in hit.stack] for hit in ordered
    ]
    assert [round(s.time_s - 1, 3) for s in found] == [round(hit.time_s, 3) for hit in ordered]


@given(st.lists(st.binary(max_size=15), min_size=1, max_size=3))
def test_a_hostile_name_of_a_process_hides_no_sample(names: list[bytes]) -> None:
    samples = [Hit(0.1 * pid, (pid, 0), pid=pid) for pid in range(1, len(names) + 1)]
    found = _read(make_profile(samples, names=[name.replace(b"\0", b"") for name in names]))
    assert [len(sample.frames) for sample in found] == [2] * len(names)
    assert [sample.period for sample in found] == [250_000] * len(names)


def test_addresses_are_what_was_hit_and_where_callers_go_on() -> None:
    (sample,) = _read(make_profile([Hit(0.5, (1, 0))]))
    assert [address for address, *_ in sample.frames] == [0x401010, 0x400010]
