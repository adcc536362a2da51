"""The bench: what it says of frames is true, of lost guests too, and its medians are medians."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import SwitchError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.seriesfile import SeriesFile
from riostat.switch.bench.configurations import CONFIGURATIONS
from riostat.switch.bench.conversation import Begin, Received, hear, say
from riostat.switch.bench.guest import BenchGuest
from riostat.switch.bench.measurement import Bench, Placement, Repetition, place
from riostat.switch.bench.result import ConfigurationResult, CopyResult, summarize
from riostat.switch.bench.templates import (
    guest_mac,
    make_templates,
    map_templates,
    template_count,
)
from riostat.switch.ports import Policy
from riostat.switch.recording import SwitchRecording


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return RunDirectory(tmp_path).create(command=["bench"], clock=SYSTEM_CLOCK)[1]


@pytest.fixture
def bench(run: Path, kernels_cache: Path) -> Iterator[Bench]:
    with SeriesFile(run, "switch", None, SYSTEM_CLOCK) as file:
        made = Bench(
            guests=3,
            placement=place(),
            kernels=kernels_cache,
            recording=SwitchRecording(file, SYSTEM_CLOCK),
            clock=SYSTEM_CLOCK,
        )
        with made as entered:
            yield entered


def test_the_four_configurations_of_the_paper_are_there() -> None:
    four = {(each.policy, each.queues): each.name for each in CONFIGURATIONS[:4]}
    assert four == {
        (Policy.MAP, "shared"): "baseline",
        (Policy.MAP, "per-guest"): "multiqueue",
        (Policy.REUSE, "shared"): "reuse",
        (Policy.REUSE, "per-guest"): "both",
    }


@pytest.mark.parametrize("guests", range(1, 9))
def test_templates_are_addressed_to_the_guests_in_turn(guests: int) -> None:
    templates = map_templates(make_templates(guests))
    count = template_count(guests)
    assert len(templates) == count > 128
    assert count % guests == 0
    assert [templates[k, :6].tobytes() for k in range(count)] == [
        guest_mac(k % guests) for k in range(count)
    ]
    assert len(np.unique(templates[:, 22:64], axis=0)) == count


def test_messages_arrive_and_the_end_is_none() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with there:
        say(here, Received(3, 1, 7))
        assert hear(there, Received) == (Received(3, 1, 7), [])
        here.close()
        assert hear(there, Received) is None


def test_every_configuration_moves_whole_frames_and_says_so(bench: Bench, run: Path) -> None:
    for size in (60, 1514):
        for configuration in CONFIGURATIONS:
            done = bench.repetition(configuration, frame_bytes=size, frames=3000)
            assert (done.frames, done.corrupt, done.dropped) == (3000, 0, 0), configuration
            assert done.busy_ns > 0
        assert bench.memcpy_gbps(size) > 0
    events = [event for event in Run.open(run).events() if event.name == "configuration"]
    assert [(event.fields["name"], event.fields["state"]) for event in events[:2]] == [
        ("baseline", "started"),
        ("baseline", "ended"),
    ]
    times, frames = Run.open(run).series("switch.guest0.tx.frames")
    assert frames[-1] == 2 * len(CONFIGURATIONS) * (1000 + 1024)
    assert list(times) == sorted(times)


def test_a_guest_sees_what_is_not_as_it_was_sent(kernels_cache: Path) -> None:
    guest = BenchGuest(make_templates(1), kernels_cache)
    ring = guest.pool.rings[0]
    assert guest.pool.memory[ring.available + 2] == ring.size & 0xFF
    used = np.frombuffer(guest.pool.memory, np.uint8)[ring.used :]
    used[4:12].view("u4")[:] = (0, 64 + 12)
    used[2:4].view("u2")[:] = 1
    assert guest.receive(Begin(64, 1, 0, 1)).corrupt == 1


def test_a_guest_that_is_killed_ends_the_bench_with_its_name(bench: Bench) -> None:
    bench._guests[1].process.send_signal(signal.SIGKILL)
    with pytest.raises(SwitchError, match="guest1"):
        bench.repetition(CONFIGURATIONS[3], frame_bytes=64, frames=100_000_000)


def test_results_are_medians_and_spans() -> None:
    turns = [
        Repetition(
            configuration="both",
            frame_bytes=1500,
            frames=1000,
            corrupt=k,
            dropped=0,
            started_ns=10**9,
            ended_ns=10**9 + length,
            busy_ns=length // 2,
        )
        for k, length in enumerate((10**6, 4 * 10**6, 2 * 10**6))
    ]
    result = summarize(
        turns,
        {1500: [100.0, 300.0, 200.0]},
        run="r",
        started_ns=0,
        guests=1,
        placement=Placement(0, 1),
        worker_pid=7,
    )
    row, memcpy = result.frames["1500"]["both"], result.frames["1500"]["memcpy"]
    assert isinstance(row, ConfigurationResult)
    assert (row.mpps, row.gbps, row.busy) == (0.5, 6.0, 0.5)
    assert (row.corrupt, row.frames, row.spans[0]) == (3, 3000, "r@1.0000..1.0010")
    assert memcpy == CopyResult(200.0)
    decoded = msgspec.json.decode(msgspec.json.encode(result))
    assert decoded["placement"] == {"driver_domain": 0, "guests": 1}
