"""Reading runs: merged by time, cut to spans, and honest about damage."""

import os
import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import RunError, RunNotFoundError
from riostat.core.frames import HEADER_SIZE, FrameKind
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.writer import FILE_SUFFIX, RunWriter


class SteppingClock:
    """A clock that goes on by one second at every reading."""

    def __init__(self) -> None:
        self.now_ns = 0

    def monotonic_ns(self) -> int:
        self.now_ns += 10**9
        return self.now_ns

    def realtime_ns(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def run_path(tmp_path: Path, clock: SteppingClock) -> Path:
    return RunDirectory(tmp_path).create(command=["test"], clock=clock, name="run")[1]


def writers(run_path: Path, clock: SteppingClock, names: str) -> Iterator[RunWriter]:
    for name in names:
        yield RunWriter.create(run_path, writer=name, run_id="run", clock=clock)


def test_files_are_merged_by_time(run_path: Path, clock: SteppingClock) -> None:
    pair = list(writers(run_path, clock, "ab"))
    channels = [w.channel("series", ChannelKind.SERIES, unit="Hz") for w in pair]
    for number in range(10):
        pair[number % 2].series(channels[number % 2], [(number, float(number))])
    run = Run.open(run_path)
    times, values = run.series("series")
    assert list(times) == list(values) == list(range(10))
    frames = list(run.frames())
    assert [f.time_ns for f in frames] == sorted(f.time_ns for f in frames)
    assert [f.file[0] for f in frames] == list("ab" * 5)
    middle = list(run.frames(from_ns=frames[3].time_ns, to_ns=frames[6].time_ns))
    assert middle == frames[3:6]
    assert list(run.frames(channel="other")) == []
    assert list(run.frames(kinds={FrameKind.EVENT})) == []
    for writer in pair:
        writer.close()


def test_segments_of_one_writer_follow_one_another(run_path: Path, clock: SteppingClock) -> None:
    for segment in range(12):
        with RunWriter.create(
            run_path, writer="host", run_id="run", segment=segment, clock=clock
        ) as writer:
            writer.series(writer.channel("n", ChannelKind.SERIES), [(segment, segment)])
    run = Run.open(run_path)
    assert list(run.series("n")[0]) == list(range(12))
    run.files()[3].unlink()  # as a rolling recording does
    assert list(run.series("n")[0]) == [0, 1, 2, *range(4, 12)]
    assert run.damage == ()


def test_the_state_needs_no_payload(run_path: Path, clock: SteppingClock) -> None:
    (writer,) = writers(run_path, clock, "a")
    series = writer.channel("rate", ChannelKind.SERIES, unit="Hz")
    events = writer.channel("events", ChannelKind.EVENT)
    writer.series(series, [(1, 1.0), (2, 2.0)])
    writer.event(events, 3, "attached", {"guest": "web"})
    state = Run.open(run_path).state()
    assert [(c.name, c.kind, c.unit, c.count) for c in state.channels] == [
        ("rate", "series", "Hz", 2),
        ("events", "event", "", 1),
    ]
    assert (state.complete, state.recording, state.damage) == (False, True, ())
    writer.close()
    state = Run.open(run_path).state()
    assert (state.complete, state.recording) == (True, False)
    assert state.bytes == writer.path.stat().st_size
    assert state.seconds == (clock.now_ns - Run.open(run_path).started_ns) / 1e9


def test_damage_is_named_and_costs_only_what_lies_behind_it(
    run_path: Path, clock: SteppingClock
) -> None:
    (writer,) = writers(run_path, clock, "a")
    channel = writer.channel("n", ChannelKind.SERIES)
    for number in range(10):
        writer.series(channel, [(number, number)])
    writer.close()
    content = bytearray(writer.path.read_bytes())
    content[-32 - 3 * 48] ^= 1  # in the third frame from the end, before the closing one
    writer.path.write_bytes(content)
    run = Run.open(run_path)
    assert list(run.series("n")[0]) == list(range(7))
    assert len(run.damage) == 1
    assert "is damaged at byte" in run.damage[0]


@pytest.mark.parametrize("kind", ["directory", "pipe", "link", "empty", "text", "other run"])
def test_foreign_files_are_left_out(
    run_path: Path, clock: SteppingClock, kind: str, tmp_path: Path
) -> None:
    path = run_path / f"z{FILE_SUFFIX}"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "other run":
        with RunWriter.create(tmp_path, writer="z", run_id="other", clock=clock) as writer:
            writer.path.rename(path)
    else:
        path.write_bytes(b"" if kind == "empty" else b"not a frame at all" * 10)
    (writer,) = writers(run_path, clock, "a")
    writer.series(writer.channel("n", ChannelKind.SERIES), [(1, 1)])
    writer.close()
    run = Run.open(run_path)
    assert list(run.series("n")[0]) == [1]
    assert len(run.damage) == (kind != "empty")
    assert all("\n" not in sentence for sentence in run.damage)


def test_a_vanished_run_is_one_sentence(run_path: Path) -> None:
    run = Run.open(run_path)
    for path in run_path.iterdir():
        path.unlink()
    run_path.rmdir()
    with pytest.raises(RunNotFoundError, match="was it removed"):
        run.state()


def read_everything(path: Path) -> None:
    try:
        run = Run.open(path)
        for _ in run.frames():
            pass
        run.events()
        run.series("numbers")
        run.artefact("thing")
        run.state()
    except RunError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most mutations raise nothing


def sample_file(path: Path) -> bytes:
    with RunWriter.create(path, writer="test", run_id="run") as writer:
        series = writer.channel("numbers", ChannelKind.SERIES, unit="s")
        events = writer.channel("events", ChannelKind.EVENT)
        artefacts = writer.channel("artefacts", ChannelKind.ARTEFACT)
        writer.series(series, [(1, 1.0)])
        writer.event(events, 5, "started", {"cpu": 1})
        writer.artefact(artefacts, "thing", b"content")
    return writer.path.read_bytes()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("checksums", ["as they were", "made to hold"])
@pytest.mark.parametrize(
    "mutations", [pytest.param(12_500, id="short"), pytest.param(500_000, marks=pytest.mark.soak)]
)
def test_mutated_files_are_read_without_a_crash(
    tmp_path: Path, mutations: int, checksums: str, seed: int
) -> None:
    randomness = random.Random(seed)
    path = RunDirectory(tmp_path).create(command=["t"], clock=SYSTEM_CLOCK, name="run")[1]
    original = sample_file(path)
    (file,) = Run.open(path).files()
    for number in range(mutations):
        mutated = mutate(randomness, original)
        if checksums == "made to hold":
            mutated = with_checksums(mutated)
        file.write_bytes(mutated)
        try:
            read_everything(path)
        except Exception as error:
            raise AssertionError(f"seed {seed}, mutation {number}: {mutated!r}") from error


def mutate(randomness: random.Random, original: bytes) -> bytes:
    data = bytearray(original)
    for _ in range(randomness.choice((1, 1, 2, 8))):
        position = randomness.randrange(len(data))
        match randomness.randrange(4):
            case 0:
                data[position] ^= 1 << randomness.randrange(8)
            case 1:
                data[position] = randomness.choice((0, 255, 127, 128))
            case 2:
                del data[position : position + randomness.randrange(1, 40)]
            case _:
                data[position:position] = randomness.randbytes(randomness.randrange(1, 40))
        if not data:
            break
    return bytes(data)


def with_checksums(data: bytes) -> bytes:
    """Give every frame that can still be found the checksum that its bytes ask for."""
    content = bytearray(data)
    start = content.find(b"RIOF")
    while 0 <= start <= len(content) - HEADER_SIZE:
        length = int.from_bytes(content[start + 24 : start + 28], "little")
        end = start + HEADER_SIZE + length
        crc = zlib.crc32(
            content[start + HEADER_SIZE : end], zlib.crc32(content[start : start + 28])
        )
        content[start + 28 : start + 32] = crc.to_bytes(4, "little")
        start = content.find(b"RIOF", start + 4)
    return bytes(content)
