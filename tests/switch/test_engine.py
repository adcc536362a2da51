"""Frames between guests over real worker processes, and what happens when something is lost."""

import os
import select
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from riostat.core.errors import GuestError, PortError
from riostat.switch.engine import Engine
from riostat.switch.ports import (
    Drop,
    Fault,
    Policy,
    PortDescription,
    PortKind,
    PortState,
    Region,
)
from tests.switch.pools import VERSION_1, PoolGuest, attach_to_engine, frame


@pytest.fixture
def engine(kernels_cache: Path) -> Iterator[Engine]:
    with Engine.start(cpus=[-1, -1], kernels_cache=kernels_cache) as engine:
        yield engine


@pytest.fixture
def guests(kernels_cache: Path) -> Iterator[list[PoolGuest]]:
    guests = [PoolGuest(kernels_cache) for _ in range(3)]
    yield guests
    for guest in guests:
        guest.close()


def _wait_for_news(engine: Engine) -> list[tuple[str, Fault]]:
    for _ in range(10):
        assert select.select([engine.descriptor], [], [], 20)[0], "no news from the engine"
        if found := engine.events():
            return found
    pytest.fail("no port broke")


@pytest.mark.parametrize("policy", Policy)
def test_frames_cross_a_worker_under_every_policy(
    engine: Engine, guests: list[PoolGuest], policy: Policy
) -> None:
    one, other, _ = guests
    attach_to_engine(engine, "one", one, policy=policy, worker=0)
    attach_to_engine(engine, "other", other, policy=policy, worker=0)
    sent = [frame(2, 1, bytes([k]) * k) for k in range(64)]
    assert one.send(sent) == 64
    assert other.expect(64) == sent
    counters = engine.counters()
    assert counters["one"].queues[0].rx_frames == counters["other"].queues[0].tx_frames == 64
    assert counters["one"].state is PortState.RUNNING


def test_frames_go_from_worker_to_worker(engine: Engine, guests: list[PoolGuest]) -> None:
    for k, guest in enumerate(guests):
        attach_to_engine(engine, str(k), guest, worker=k % 2)
    guests[0].send([frame(2, 1)])
    assert guests[1].expect(1) == [frame(2, 1)]
    assert guests[2].expect(1) == [frame(2, 1)]  # nobody had heard of the address
    guests[1].send([frame(1, 2)])
    assert guests[0].expect(1) == [frame(1, 2)]
    sent = [frame(2, 1, length=60 + k) for k in range(60)]
    guests[0].send(sent)
    assert guests[1].expect(60) == sent
    assert guests[2].receive() == []
    engine.detach("0")
    guests[1].send([frame(3, 2)])
    assert guests[2].expect(1) == [frame(3, 2)]


def test_a_ring_goes_on_where_it_was_left(engine: Engine, guests: list[PoolGuest]) -> None:
    one, other, _ = guests
    for name, guest in (("one", one), ("other", other)):
        attach_to_engine(engine, name, guest, worker=0)
    one.send([frame(2, 1)] * 5)
    other.expect(5)
    assert engine.disable("one", 1) == 5
    one.send([frame(2, 1, b"later")])
    engine.enable("one", one.ring(1, base=5))
    assert other.expect(1) == [frame(2, 1, b"later")]
    engine.detach("other")
    attach_to_engine(engine, "again", replace_base(other), worker=0)


def replace_base(guest: PoolGuest) -> PoolGuest:
    """Prepare a guest's rings anew, as one that reconnects does."""
    guest.kernels.prepare(guest.queue)
    return guest


def test_memory_is_replaced_under_the_rings(engine: Engine, guests: list[PoolGuest]) -> None:
    one, other, _ = guests
    for name, guest in (("one", one), ("other", other)):
        attach_to_engine(engine, name, guest, worker=0)
    one.send([frame(2, 1)])
    other.expect(1)
    engine.update_memory("one", [replace(one.region, length=one.length)])
    one.send([frame(2, 1, b"after")])
    assert other.expect(1) == [frame(2, 1, b"after")]
    assert engine.counters()["one"].grants.revoked == 1
    small = replace(one.region, length=4096)
    with pytest.raises(GuestError):
        engine.update_memory("one", [small])
    one.send([frame(2, 1, b"still")])
    assert other.expect(1) == [frame(2, 1, b"still")]


def test_a_detached_port_leaves_nothing_mapped(engine: Engine, guests: list[PoolGuest]) -> None:
    one, other, _ = guests
    for name, guest in (("one", one), ("other", other)):
        attach_to_engine(engine, name, guest, worker=0)
    one.send([frame(2, 1)])
    other.expect(1)
    pid = engine.workers()[0].pid
    inode = f" {os.fstat(other.descriptor).st_ino} "
    assert inode in Path(f"/proc/{pid}/maps").read_text()
    engine.detach("other")
    assert inode not in Path(f"/proc/{pid}/maps").read_text()
    with pytest.raises(PortError):
        engine.detach("other")


def test_a_guest_that_lies_is_cut_off_and_named(engine: Engine, guests: list[PoolGuest]) -> None:
    for k, guest in enumerate(guests):
        attach_to_engine(engine, str(k), guest, worker=0)
    guests[2].words(1, 1, "u2")[1] = 60000
    os.eventfd_write(guests[2].kick, 1)
    assert _wait_for_news(engine) == [("2", Fault.INDEX_JUMP)]
    assert engine.counters()["2"].state is PortState.BROKEN
    guests[0].send([frame(2, 1)])
    assert guests[1].expect(1) == [frame(2, 1)]
    engine.detach("2")
    attach_to_engine(engine, "2", replace_base(guests[2]), worker=0)
    guests[0].send([frame(3, 1)])
    assert guests[2].expect(1) == [frame(3, 1)]


def test_truncated_memory_costs_only_its_own_worker(
    engine: Engine, guests: list[PoolGuest]
) -> None:
    one, other, _ = guests
    for name, guest in (("one", one), ("other", other)):
        attach_to_engine(engine, name, guest, worker=0)
    loose = os.memfd_create("loose", os.MFD_CLOEXEC)
    os.ftruncate(loose, other.length)
    victim = Region(
        guest_address=0, user_address=0, length=1 << 16, offset=0, descriptor=loose, shrinkable=True
    )
    description = PortDescription(
        kind=PortKind.VHOST, features=VERSION_1, guest_pid=os.getpid(), regions=[victim]
    )
    engine.attach("victim", description)
    assert engine.counters()["victim"].own_worker
    engine.enable("victim", replace(one.ring(1), descriptors=0, available=16384, used=32768))
    os.ftruncate(loose, 0)
    os.eventfd_write(one.kick, 1)
    assert _wait_for_news(engine) == [("victim", Fault.MEMORY_LOST)]
    one.send([frame(2, 1)])
    assert other.expect(1) == [frame(2, 1)]
    engine.detach("victim")
    os.close(loose)


def test_a_guest_killed_in_the_middle_costs_its_own_port(
    engine: Engine, guests: list[PoolGuest]
) -> None:
    one, other, victim = guests
    for name, guest in (("one", one), ("other", other)):
        attach_to_engine(engine, name, guest, worker=0)
    process = subprocess.Popen(["sleep", "60"])
    description = PortDescription(
        kind=PortKind.VHOST,
        policy=Policy.COPY,
        features=VERSION_1,
        guest_pid=process.pid,
        regions=[victim.region],
    )
    engine.attach("victim", description, worker=0)
    for index in (0, 1):
        engine.enable("victim", victim.ring(index))
    process.kill()
    process.wait()
    one.send([frame(3, 1)])  # to nobody known yet, so to all others
    assert _wait_for_news(engine) == [("victim", Fault.GRANT)]
    assert other.expect(1) == [frame(3, 1)]
    while engine.counters()["one"].drops != {Drop.REFUSED: 1}:
        os.sched_yield()  # the port that broke is told of before the drop is counted
    assert engine.counters()["victim"].queues[0].tx_frames == 0
    one.send([frame(2, 1)])
    assert other.expect(1) == [frame(2, 1)]


def test_a_lost_worker_is_replaced_for_the_next_port(
    engine: Engine, guests: list[PoolGuest]
) -> None:
    one, other, third = guests
    attach_to_engine(engine, "one", one, worker=0)
    attach_to_engine(engine, "third", third, worker=1)
    os.kill(engine.workers()[0].pid, signal.SIGKILL)
    assert _wait_for_news(engine) == [("one", Fault.WORKER_LOST)]
    engine.detach("one")
    attach_to_engine(engine, "other", other, worker=0)
    third.send([frame(2, 3)])
    assert other.expect(1) == [frame(2, 3)]
    assert all(worker.alive for worker in engine.workers())


def test_a_name_is_taken_once(engine: Engine, guests: list[PoolGuest]) -> None:
    attach_to_engine(engine, "one", guests[0])
    with pytest.raises(PortError):
        attach_to_engine(engine, "one", guests[1])


def test_workers_tell_where_their_compiled_functions_lie(kernels_cache: Path) -> None:
    with Engine.start(cpus=[-1], kernels_cache=kernels_cache) as engine:
        (worker,) = engine.workers()
        told = engine.perf_maps()
        maps = Path(f"/proc/{worker.pid}/maps").read_text()
    assert set(told) == {worker.pid}
    start, size, name = told[worker.pid].decode().splitlines()[0].split(" ")
    assert name.startswith("switch.kernels.")
    executable = [line.split(" ")[0].split("-") for line in maps.splitlines() if "xp " in line]
    places = [(int(begin, 16), int(end, 16)) for begin, end in executable]
    first, last = int(start, 16), int(start, 16) + int(size, 16)
    assert any(begin <= first < last <= end for begin, end in places)
