"""The parts of the live profile, each by itself and on recordings made by hand."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.console.live.feed import LiveFeed
from riostat.console.live.names import LiveNames
from riostat.console.live.processes import LiveProcesses
from riostat.console.live.state import WINDOW_S
from riostat.console.live.tail import Hit, SegmentTail
from riostat.console.live.window import Window
from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.domain import HOST, Domain, DomainKind
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter
from riostat.profiler.mappings import MappedFile
from riostat.profiler.records import CgroupRecord, Comm, Fork, Mmap2, Namespaces
from riostat.profiler.snapshot import ProcessSnapshot
from tests.profiler import recorded
from tests.profiler.recorded import Recording

SECOND_NS = 1_000_000_000
WEB = Domain("web", DomainKind.CONTAINER)
MAPS = b"400000-500000 r-xp 00001000 08:01 77 /bin/a\n500000-600000 r-xp 00000000 00:00 0 \n"


@pytest.fixture
def data(tmp_path: Path) -> DataDirectory:
    directory = DataDirectory(tmp_path / "data")
    directory.make()
    return directory


def process(pid: int, comm: bytes = b"a", cgroup: str = "/init.scope") -> ProcessSnapshot:
    return ProcessSnapshot(pid, comm, cgroup, {"pid": 1, "net": 2, "mnt": 3}, MAPS)


def test_a_process_is_named_by_what_happened_to_it() -> None:
    table = LiveProcesses([process(1), process(7)], {5: "/docker-" + "a" * 64 + ".scope"})
    assert table.named(7, 0) == (HOST, "a")
    table.apply(Fork(10, 8, 7, 8))
    assert table.named(8, 0) == (HOST, "a")
    table.apply(Comm(11, 8, 8, b"b\n", exec=True))
    assert table.named(8, 5) == (Domain("a" * 12, DomainKind.CONTAINER), "b\\x0a")
    assert table.named(7, 0)[1] == "a"
    table.apply(Comm(12, 7, 9, b"thread", exec=False))
    assert table.named(7, 0)[1] == "a"
    table.apply(Namespaces(13, 8, {"pid": 99, "net": 2, "mnt": 3}))
    assert table.named(8, 0)[0].kind is DomainKind.CONTAINER
    assert table.named(0, 0)[1] == "swapper"
    assert table.named(4711, 0)[1] == "pid 4711"
    table.apply(CgroupRecord(14, 6, b"/docker-" + b"b" * 64 + b".scope"))
    assert table.named(7, 6)[0].name == "b" * 12


def test_the_newest_mapping_counts_and_a_child_has_its_own() -> None:
    table = LiveProcesses([process(7)], {})
    table.apply(Fork(9, 8, 7, 8))
    new = Mmap2(10, 7, 0x480000, 0x1000, 0, b"/bin/b", None, (8, 1, 78))
    table.apply(new)
    found = table.mapping(7, 0x480010)
    assert found is not None
    assert found.file == MappedFile("/bin/b", None, (8, 1, 78))
    before = table.mapping(8, 0x480010)
    assert before is not None
    assert before.file.path == "/bin/a"
    assert table.mapping(7, 0x600000) is None
    assert table.mapping(9, 0x480010) is None
    table.apply(Comm(11, 8, 8, b"c", exec=True))
    assert table.mapping(8, 0x480010) is None


def test_ended_processes_are_dropped_when_there_are_many() -> None:
    table = LiveProcesses([process(1)], {})
    for number in range(5000):
        pid = 10_000_000 + number
        table.apply(Fork(number, pid, 1, pid))
    table.forget(100 * SECOND_NS)
    assert table.named(10_000_001, 0)[1] == "pid 10000001"
    assert table.named(1, 0)[1] == "a"


def hit(time_ns: int, domain: Domain, weight: int = 1) -> Hit:
    return Hit(time_ns, weight, 7, "p", domain, None)


def test_the_window_forgets_and_shares_add_up() -> None:
    window = Window()
    now_ns = 100 * SECOND_NS
    window.add([hit(now_ns - 20 * SECOND_NS, HOST)] * 5, {})
    window.add([hit(now_ns - 1, HOST, weight=3), hit(now_ns - 2, WEB)], {})
    window.add_idle({"cpu.idle.0": (now_ns - WINDOW_S * SECOND_NS, 0.0)})
    window.add_idle({"cpu.idle.0": (now_ns, 7.5)})
    summary = window.summary(now_ns, 1.0, full_rate=100.0)
    assert summary.samples == 2
    assert [(d.name, d.share) for d in summary.domains] == [("host", 0.75), ("web", 0.25)]
    assert (summary.idle, summary.busy) == (0.75, 0.25)
    assert [round(d.cpu, 4) for d in summary.domains] == [0.1875, 0.0625]
    assert summary.moment.domains == {"host": 0.1875, "web": 0.0625}


def test_another_recorder_counts_idle_time_anew() -> None:
    window = Window()
    for second, idle_s in ((1, 50.0), (2, 50.5), (3, 0.0)):
        window.add_idle({"cpu.idle.0": (second * SECOND_NS, idle_s)})
    assert window.summary(3 * SECOND_NS, 0.0, full_rate=1.0).idle is None
    window.add_idle({"cpu.idle.0": (4 * SECOND_NS, 0.25)})
    assert window.summary(4 * SECOND_NS, 0.0, full_rate=1.0).idle == 0.25


def test_samples_tell_how_busy_it_is_until_idle_times_do() -> None:
    window = Window()
    window.add([hit(SECOND_NS, HOST)] * 50, {})
    summary = window.summary(SECOND_NS, 0.0, full_rate=200.0)
    assert (summary.busy, summary.idle) == (0.25, None)


@given(st.lists(st.tuples(st.integers(0, 10), st.sampled_from([HOST, WEB])), max_size=50))
def test_no_sample_of_the_window_is_lost(pairs: list[tuple[int, Domain]]) -> None:
    window = Window()
    now_ns = 1000 * SECOND_NS
    window.add([hit(now_ns - age * SECOND_NS, domain) for age, domain in pairs], {})
    summary = window.summary(now_ns, 0.0, full_rate=100.0)
    inside = sum(age < WINDOW_S for age, _ in pairs)
    assert summary.samples == inside == sum(domain.samples for domain in summary.domains)


def test_names_are_remembered_when_tables_are_let_go(data: DataDirectory) -> None:
    names = LiveNames(data.symbols, SYSTEM_CLOCK)
    python = Path(sys.executable).resolve()
    place = (MappedFile(str(python)), 1 << 30)
    first = names.find([(place, os.getpid())])[place]
    assert first == (python.name, f"{python.name} [unknown]") or first[0] == python.name
    assert names.find([])[place] == first


def test_tables_of_many_files_are_let_go(data: DataDirectory) -> None:
    names = LiveNames(data.symbols, SYSTEM_CLOCK)
    first = names._symbolizer
    for number in range(1001):
        place = (MappedFile(f"/nothing/{number}"), 1)
        assert names.find([(place, os.getpid())])[place][0] == str(number)
    assert names._symbolizer is not first


def test_subjects_that_left_the_window_are_forgotten() -> None:
    window = Window()
    old, new = SECOND_NS, 100 * SECOND_NS
    window.add([Hit(old, 1, pid, "p", HOST, None) for pid in range(20_000)], {})
    window.add([hit(new, WEB)], {})
    assert window.summary(new, 0.0, full_rate=1.0).samples == 1
    window.add([hit(new, HOST), hit(new, WEB)], {})
    shares = {d.name: d.samples for d in window.summary(new, 0.0, full_rate=1.0).domains}
    assert shares == {"web": 2, "host": 1}


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path)


def tail_of(recording: Recording) -> SegmentTail:
    (file,) = recording.path.glob("*.frames")
    return SegmentTail(file, recording.id)


def test_what_happened_on_one_cpu_comes_before_what_it_led_to_on_another(
    recording: Recording,
) -> None:
    """The mapping and the sample are drained before the exec that they follow."""
    start = recording.started_ns
    recording.begin([recorded.process(7, b"sh", maps=MAPS)])
    tail = tail_of(recording)
    early = [
        recorded.mmap2(start + 20, 7, 0x400000, 0x1000, path=b"/bin/new"),
        recorded.sample(start + 30, ip=0x400010, pid=7),
    ]
    recording.samples(start + 40, recorded.frame(early, cpu=1))
    assert tail.read(0) == []
    late = [recorded.comm(start + 10, 7, b"new", exec_=True)]
    recording.samples(start + SECOND_NS, recorded.frame(late))
    recording.idle(start + SECOND_NS, 0.5)
    (hit,) = tail.read(0)
    assert (hit.process, hit.domain) == ("new", HOST)
    assert hit.place == (MappedFile("/bin/new", None, (8, 1, 99)), 0x10)
    assert tail.read(0) == []


def test_samples_wait_for_the_snapshot_that_names_them(recording: Recording) -> None:
    start = recording.started_ns
    recording.file(start)
    recording.describe(start)
    recording.samples(start + 10, recorded.frame([recorded.sample(start + 5, pid=7)]))
    recording.idle(start + SECOND_NS, 0.5)
    tail = tail_of(recording)
    assert tail.read(0) == []
    recording.cgroups(start + SECOND_NS, {1: b"/docker-" + b"c" * 64 + b".scope"})
    recording.processes(start + SECOND_NS, [recorded.process(7, b"web")])
    recording.idle(start + 2 * SECOND_NS, 1.0)
    (hit,) = tail.read(0)
    assert (hit.process, hit.domain.name) == ("web", "c" * 12)


def test_only_new_samples_are_given(recording: Recording) -> None:
    start = recording.started_ns
    recording.begin()
    samples = [recorded.sample(start + n * SECOND_NS, pid=9) for n in range(1, 5)]
    recording.samples(start + 6 * SECOND_NS, recorded.frame(samples))
    recording.close()
    hits = tail_of(recording).read(start + 2 * SECOND_NS)
    assert [hit.time_ns for hit in hits] == [start + 3 * SECOND_NS, start + 4 * SECOND_NS]
    assert {hit.process for hit in hits} == {"pid 9"}


def test_modes_say_where_an_address_belongs(recording: Recording) -> None:
    start = recording.started_ns
    recording.begin([recorded.process(7, b"a", maps=MAPS)])
    modes = [
        recorded.sample(start + 1, ip=0xFFFF0000, pid=7, mode=1),
        recorded.sample(start + 2, ip=0x400010, pid=7, mode=2),
        recorded.sample(start + 3, ip=0x10, pid=7, mode=2),
        recorded.sample(start + 4, ip=0x400010, pid=7, mode=4),
    ]
    recording.samples(start + 10, recorded.frame(modes))
    recording.close()
    kernel, user, nowhere, guest = tail_of(recording).read(0)
    assert kernel.place == (None, 0xFFFF0000)
    assert user.place == (MappedFile("/bin/a", None, (8, 1, 77)), 0x1010)
    assert (nowhere.place, guest.place) == (None, None)


def test_what_the_recorder_says_is_kept(recording: Recording) -> None:
    start = recording.started_ns
    recording.begin()
    recording.event(start + 1, "lost", records=3)
    recording.event(start + 2, "lost", records=4)
    recording.event(start + 3, "paused", reason="There is no room.")
    tail = tail_of(recording)
    tail.read(0)
    assert (tail.lost, tail.pause) == (7, "There is no room.")
    assert tail.description is not None
    assert not tail.ended
    recording.close()
    tail.read(0)
    assert tail.ended


@given(st.binary(max_size=400), st.lists(st.integers(0, 2), max_size=4))
def test_any_chunk_is_read(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, kinds: list[int]
) -> None:
    recording = Recording(tmp_path_factory.mktemp("noise"))
    start = recording.started_ns
    recording.begin([noise] if kinds else [])
    whole = [
        (
            recorded.sample(start + 1, pid=7),
            recorded.comm(start + 1, 7, noise.replace(b"\0", b"")[:15], exec_=True),
            recorded.fork(start + 1, 8, 7),
        )[kind]
        for kind in kinds
    ]
    recording.samples(start + 2, recorded.frame([*whole, noise]))
    recording.samples(start + 2, noise[:8])
    recording.artefact(start + 3, "recording", noise)
    recording.close()
    tail_of(recording).read(0)


def test_a_paused_recorder_says_why_until_it_goes_on(data: DataDirectory) -> None:
    run_id, path = RunDirectory(data.runs).create(
        command=(), clock=SYSTEM_CLOCK, name="rolling", rolling=True
    )
    feed = LiveFeed(data, SYSTEM_CLOCK)
    with RunWriter.create(path, writer="rolling", run_id=run_id, segment=0) as writer:
        events = writer.channel("recording", ChannelKind.EVENT)
        assert feed.step().state == "starting"
        writer.event(events, 1, "paused", {"reason": "There is no room."})
    for _ in range(2):
        state = feed.step()
        assert (state.state, state.reason) == ("stopped", "There is no room.")
    with RunWriter.create(path, writer="rolling", run_id=run_id, segment=1):
        assert feed.step().state == "starting"


def test_a_run_that_is_removed_under_the_feed_has_ended(data: DataDirectory) -> None:
    run_id, path = RunDirectory(data.runs).create(
        command=(), clock=SYSTEM_CLOCK, name="rolling", rolling=True
    )
    feed = LiveFeed(data, SYSTEM_CLOCK)
    with RunWriter.create(path, writer="rolling", run_id=run_id, segment=0):
        assert feed.step().state == "starting"
        shutil.rmtree(path)
        assert feed.step().state == "stopped"
