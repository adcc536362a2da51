import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from riostat.core.errors import ProfileError
from riostat.core.run import Run
from riostat.core.span import Span
from riostat.profiler.profile import KEYS, Profile
from riostat.profiler.symbols.symbolizer import Symbolizer
from tests.profiler import recorded
from tests.profiler.recorded import Recording
from tests.profiler.rights import needs_root

_S = 1_000_000_000
_CONTAINER = b"/system.slice/docker-" + b"ab" * 32 + b".scope"


def _load(run: Run, span: Span | None = None, *, event: str | None = None) -> Profile:
    cache = run.path.parent
    return Profile.load(
        run, span, symbols=Symbolizer(cache / "symbols"), kernels=cache / "kernels", event=event
    )


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    recording = Recording(tmp_path)
    processes = [
        recorded.process(1, b"init", cgroup_path=b"/init.scope"),
        recorded.process(5, b"five\x1b[2J", inodes=(10, 99)),
        recorded.process(6, b"six", maps=b"7000-8000 r-xp 0 08:01 3 /no/such\n"),
        recorded.process(7, b"six", cgroup_path=_CONTAINER),
    ]
    recording.begin(processes, cgroups={1: b"/", 2: _CONTAINER, 3: b"/init.scope"})
    return recording


def _write(recording: Recording, *records: bytes) -> None:
    recording.samples(_S + _S, recorded.frame(records))


def _labels(profile: Profile, key: str) -> list[str]:
    codes, names = profile.codes(key)
    assert codes.dtype == np.int32
    assert len(set(names)) == len(names)
    return [names[code] for code in codes.tolist()]


def _write_one_of_each(recording: Recording) -> None:
    """Write samples that differ in what a key can tell apart."""
    _write(
        recording,
        recorded.sample(_S + 1, pid=1, cgroup_id=3, mode=1, ip=(1 << 64) - 99, cpu=1),
        recorded.sample(_S + 2, pid=6, cgroup_id=1, ip=0x7010, weight=7),
        recorded.sample(_S + 3, pid=7, cgroup_id=2, ip=0x7010),
        recorded.sample(_S + 4, pid=77, cgroup_id=2),
        recorded.sample(_S + 5, pid=5, cgroup_id=1),
        recorded.sample(_S + 6, pid=77, cgroup_id=99),
        recorded.sample(_S + 7, pid=0, cgroup_id=1, mode=1),
        recorded.sample(_S + 8, pid=(1 << 32) - 1, cgroup_id=1, mode=7),
        recorded.sample(_S + 9, pid=1, cgroup_id=99),
        recorded.sample(_S + 10, pid=7, cgroup_id=99),
        recorded.fork(_S + 10, 8, 55),
        recorded.sample(_S + 11, pid=8),
    )


def test_samples_are_told_apart_by_every_key(recording: Recording) -> None:
    _write_one_of_each(recording)
    profile = _load(recording.open())
    assert _labels(profile, "domain") == [
        "host",
        "host",
        "abababababab",
        "abababababab",
        "net:[99]",
        "[unknown]",
        "host",
        "host",
        "host",
        "abababababab",
        "host",
    ]
    assert _labels(profile, "process") == [
        "init",
        "six",
        "six",
        "pid 77",
        "five\\x1b[2J",
        "pid 77",
        "swapper",
        "[exited]",
        "init",
        "six",
        "pid 8",
    ]
    assert _labels(profile, "pid")[:4] == ["1", "6", "7", "77"]
    assert _labels(profile, "cpu")[:2] == ["1", "0"]
    assert _labels(profile, "mode") == ["kernel", *["user"] * 5, "kernel", "unknown", *["user"] * 3]
    assert _labels(profile, "module")[:4] == ["[kernel.kallsyms]", "such", "[unknown]", "[unknown]"]
    assert _labels(profile, "symbol")[1] == "such [unknown]"
    assert profile.weights.tolist() == [250_000.0, 7.0, *[250_000.0] * 9]
    assert {str(domain.kind) for domain in profile.domains[1]} == {"host", "container"}


def test_samples_of_one_address_are_of_two_kinds_where_it_is_mapped_again(
    recording: Recording,
) -> None:
    _write(
        recording,
        *(recorded.sample(_S + at, pid=6, cgroup_id=1, ip=0x7010) for at in (1, 2)),
        recorded.mmap2(_S + 3, 6, 0x7000, 0x1000, path=b"/no/other"),
        *(recorded.sample(_S + at, pid=6, cgroup_id=1, ip=0x7010) for at in (3, 4)),
    )
    profile = _load(recording.open())
    assert _labels(profile, "module") == ["such", "such", "other", "other"]
    kinds = profile.kinds.tolist()
    assert (kinds[0], kinds[2]) == (kinds[1], kinds[3])
    assert kinds[0] != kinds[2]


def test_a_profile_says_what_it_covers(recording: Recording) -> None:
    _write(recording, recorded.sample(_S + 1))
    recording.event(_S + 3 * _S, "stopped", lost=0)
    profile = _load(recording.open())
    assert (profile.event, profile.events) == ("cpu-clock", ("cpu-clock",))
    assert (profile.frequency_hz, profile.period, profile.cpus) == (4000, None, (0,))
    assert (profile.started_ns, profile.seconds, profile.lost) == (_S, 3.0, 0)
    assert profile.idle_seconds is None
    assert profile.notes == ()


def test_one_of_several_events_is_chosen(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.file(_S)
    events = [
        {"name": "cycles", "frequency_hz": 99, "ids": {"41": 0}},
        {"name": "faults", "period": 3, "ids": {"42": 0, "43": 1}},
    ]
    recording.describe(_S, events=events)
    chunk = [
        recorded.sample(_S + at, ip=at, event_id=number, chain=(recorded.USER, at))
        for at, number in enumerate((42, 41, 43, 41))
    ]
    recording.samples(_S + 9, recorded.frame(chunk))
    run = recording.open()
    first, second = _load(run), _load(run, event="faults")
    assert (first.event, first.samples.ip.tolist()) == ("cycles", [1, 3])
    assert (second.event, second.samples.ip.tolist()) == ("faults", [0, 2])
    assert (second.period, second.frequency_hz) == (3, None)
    assert [len(profile.chains.codes) for profile in (first, second)] == [2, 2]
    with pytest.raises(ProfileError, match=r"'misses'; it has cycles, faults\."):
        _load(run, event="misses")


def test_a_span_without_samples_has_no_rows(recording: Recording) -> None:
    _write(recording, recorded.sample(_S + 1))
    run = recording.open()
    profile = _load(run, Span(run.id, 0.5, 0.9))
    assert len(profile.samples) == 0
    assert all(_labels(profile, key) == [] for key in KEYS)
    assert (len(profile.chains.codes), profile.chains.offsets.tolist()) == (0, [0])


def test_notes_tell_what_a_reader_must_know(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.file(_S)
    recording.describe(_S, fallback="No counter\x07.", restriction="Own processes only.")
    chunk = [
        recorded.throttle(_S + 1),
        recorded.record(0, b"", _S + 2),
        recorded.sample(_S + 3, mode=1, ip=(1 << 64) - 99),
    ]
    recording.samples(_S + 9, recorded.frame(chunk))
    recording.close()
    file = next(recording.path.glob("*.frames"))
    file.write_bytes(file.read_bytes() + b"x" * 40)
    profile = _load(Run.open(recording.path))
    before = profile.notes
    assert before[:2] == ("No counter\\x07.", "Own processes only.")
    assert ["held sampling back 1 times" in before[2], "1 records are damaged" in before[3]] == [
        True,
        True,
    ]
    assert "frames" in before[4]
    profile.codes("symbol")
    assert "were not saved" in profile.notes[-1]


def test_callchains_have_names(recording: Recording) -> None:
    chain = (recorded.KERNEL, (1 << 64) - 9999, recorded.USER, 0x7010, 0x7020, 0x9000)
    _write(recording, recorded.sample(_S + 1, pid=6, ip=(1 << 64) - 9999, mode=1, chain=chain))
    chains = _load(recording.open()).chains
    assert [chains.symbol_names[code] for code in chains.symbols.tolist()] == [
        "[kernel.kallsyms] [unknown]",
        "such [unknown]",
        "such [unknown]",
        "[unknown]",
    ]
    assert chains.modes.tolist() == [1, 2, 2, 2]
    assert chains.codes.tolist() == [0]
    assert chains.offsets.tolist() == [0, 4]


_WORK = """
import os, sys
def burn(rounds):
    for _ in range(rounds):
        sum(range(20_000))
burn(300)
child = os.fork()
if not child:
    os.execv(sys.executable, [sys.executable, "-c", "for _ in range(400): sum(range(20_000))"])
os.waitpid(child, 0)
"""


@needs_root
def test_processes_of_a_real_recording_are_followed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    program = tmp_path / "burner"
    program.symlink_to(Path(sys.executable).resolve())
    record = ["profile", "record", "-F", "999", "-o", str(run), "--", str(program), "-c", _WORK]
    environment = os.environ | {"RIOSTAT_DATA": str(tmp_path / "data")}
    environment["PYTHONHOME"] = sys.base_prefix
    subprocess.run(
        [sys.executable, "-m", "riostat", *record], env=environment, check=True, capture_output=True
    )
    profile = _load(Run.open(run))
    assert profile.lost == 0
    own = np.array([name == "burner" for name in _labels(profile, "process")])
    assert own.sum() > 50
    pids = {pid for pid, mine in zip(_labels(profile, "pid"), own, strict=True) if mine}
    assert len(pids) == 2
    symbols = np.array(_labels(profile, "symbol"))[own]
    assert np.mean([symbol == "[unknown]" for symbol in symbols]) < 0.5
