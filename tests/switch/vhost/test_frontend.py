"""Guests that are processes: joining, moving frames, revoking, and surviving their switch."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.core.errors import PortError
from riostat.switch.configuration import Configuration
from riostat.switch.ports import Policy
from riostat.switch.vhost.frames import FrameQueue
from riostat.switch.vhost.frontend import Guest
from riostat.switch.vhost.pool import Pool
from tests.switch.switching import Running, running, vhost

MACS = {"a": b"\x02\0\0\0\0\x0a", "b": b"\x02\0\0\0\0\x0b"}


def frame(source: str, target: str, number: int, size: int = 100) -> bytes:
    head = MACS[target] + MACS[source] + b"\x88\xb5" + number.to_bytes(4, "big")
    return head + bytes(number % 251 for _ in range(size - len(head)))


def receive(queue: FrameQueue, count: int) -> list[bytes]:
    frames: list[bytes] = []
    while len(frames) < count and queue.wait(10):
        frames += queue.receive()
    return frames


class Thief:
    """A guest whose pool is not sealed."""

    def __init__(self, path: Path) -> None:
        self.pool = Pool(queues=1, ring_size=256, buffer_bytes=2048)
        unsealed = os.memfd_create("thief", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(unsealed, self.pool.size)
        os.dup2(unsealed, self.pool.descriptor, inheritable=False)
        os.close(unsealed)
        self.guest = Guest(path, self.pool)
        self.guest.reconnect()

    def close(self) -> None:
        self.guest.close()


@contextlib.contextmanager
def pair(
    folder: Path, kernels: Path, *, queues: int = 1, policy: Policy = Policy.REUSE
) -> Iterator[tuple[Running, dict[str, Guest]]]:
    """Two guests of one switch."""
    configuration = Configuration(policy=policy, port=vhost(folder, "a", "b"))
    with running(folder, kernels, configuration) as switch, contextlib.ExitStack() as stack:
        guests = {
            name: stack.enter_context(Guest.connect(folder / f"{name}.sock", queues=queues))
            for name in "ab"
        }
        yield switch, guests


@pytest.mark.parametrize("policy", list(Policy))
def test_frames_arrive_as_they_were_sent(
    tmp_path: Path, kernels_cache: Path, policy: Policy
) -> None:
    with pair(tmp_path, kernels_cache, policy=policy) as (switch, guests):
        a, b = (FrameQueue(guests[name], 0, kernels=kernels_cache) for name in "ab")
        sizes = [60, 64, 590, 1514, a.frame_bytes_max]
        there = [frame("a", "b", number, sizes[number % 5]) for number in range(200)]
        assert a.send(there) == len(there)
        assert receive(b, len(there)) == there
        back = [frame("b", "a", number) for number in range(50)]
        assert b.send(back) == len(back)
        assert receive(a, len(back)) == back
        port = switch.until("a", lambda port: port.tx.frames == len(back))
        assert (port.rx.frames, port.rx.bytes) == (200, sum(map(len, there)))
        assert (port.tx.frames, port.tx.bytes) == (50, sum(map(len, back)))
        assert (port.state, port.own_worker, port.pid) == ("running", False, os.getpid())


def test_each_queue_of_a_guest_can_send(tmp_path: Path, kernels_cache: Path) -> None:
    with pair(tmp_path, kernels_cache, queues=4) as (switch, guests):
        for at in range(4):
            queue = FrameQueue(guests["a"], at, kernels=kernels_cache)
            assert queue.send([frame("a", "b", at)]) == 1
        switch.until("a", lambda port: port.rx.frames == 4)
        assert switch.port("a").queues == 4


def test_a_guest_takes_its_grants_back(tmp_path: Path, kernels_cache: Path) -> None:
    with pair(tmp_path, kernels_cache) as (switch, guests):
        a, b = (FrameQueue(guests[name], 0, kernels=kernels_cache) for name in "ab")
        for number in range(2):
            sent = [frame("a", "b", number)]
            a.send(sent)
            assert receive(b, 1) == sent
            before = switch.until("a", lambda port: port.grants.live > 0).grants
            guests["a"].revoke()
            after = switch.port("a").grants
            assert (after.live, after.revoked) == (0, before.revoked + before.live)


def test_guests_survive_the_end_of_their_switch(tmp_path: Path, kernels_cache: Path) -> None:
    configuration = Configuration(port=vhost(tmp_path, "a", "b"))
    with contextlib.ExitStack() as stack:
        with running(tmp_path, kernels_cache, configuration):
            guests = {
                name: stack.enter_context(Guest.connect(tmp_path / f"{name}.sock")) for name in "ab"
            }
            a, b = (FrameQueue(guests[name], 0, kernels=kernels_cache) for name in "ab")
            a.send([frame("a", "b", 1)])
            assert receive(b, 1) == [frame("a", "b", 1)]
        for guest in guests.values():
            assert guest.connection.recv(1) == b""
        meanwhile = [frame("a", "b", number) for number in range(2, 12)]
        assert a.send(meanwhile) == len(meanwhile)
        with pytest.raises(PortError, match="cannot be joined"):
            guests["a"].reconnect()
        with running(tmp_path, kernels_cache, configuration):
            guests["b"].reconnect()
            guests["a"].reconnect()
            assert receive(b, 10) == meanwhile
            b.send([frame("b", "a", 99)])
            assert receive(a, 1) == [frame("b", "a", 99)]


def test_a_guest_that_is_killed_leaves_the_others_in_peace(
    tmp_path: Path, kernels_cache: Path
) -> None:
    configuration = Configuration(port=vhost(tmp_path, "a", "b", "c"))
    with running(tmp_path, kernels_cache, configuration) as switch:
        victim = subprocess.Popen(
            [
                *(sys.executable, "-m", "riostat.switch.demo.guest", str(tmp_path / "c.sock")),
                *("--mac=02:00:00:00:00:0c", "--peers=02:00:00:00:00:0d"),
                *("--rate=20000", "--frame-bytes=64"),
            ],
            stdin=subprocess.PIPE,
        )
        with (
            Guest.connect(tmp_path / "a.sock") as guest_a,
            Guest.connect(tmp_path / "b.sock") as guest_b,
        ):
            a = FrameQueue(guest_a, 0, kernels=kernels_cache)
            b = FrameQueue(guest_b, 0, kernels=kernels_cache)
            switch.until("c", lambda port: port.rx.frames > 1000)
            victim.kill()
            victim.communicate()
            assert switch.until("c", lambda port: port.state == "waiting").reason == ""
            while b.receive():
                pass  # what c had sent to nobody was flooded
            sent = [frame("a", "b", number) for number in range(100)]
            a.send(sent)
            assert receive(b, 100) == sent
        assert ("detached", "c") in switch.events()


def test_a_guest_whose_eventfd_would_block_holds_up_nobody(
    tmp_path: Path, kernels_cache: Path
) -> None:
    with pair(tmp_path, kernels_cache) as (_, guests):
        a, b = (FrameQueue(guests[name], 0, kernels=kernels_cache) for name in "ab")
        b.send([frame("b", "a", 0)])
        receive(a, 1)
        assert not b.wait(0)  # from now on b wants to be called
        call = guests["b"].calls[0]
        os.set_blocking(call, True)
        os.eventfd_write(call, (1 << 64) - 2)
        for number in range(20):
            a.send([frame("a", "b", number)])
            b.send([frame("b", "a", number)])
            assert receive(a, 1) == [frame("b", "a", number)]
        assert receive(b, 20) == [frame("a", "b", number) for number in range(20)]


def test_a_guest_that_takes_its_memory_away_harms_nobody_else(
    tmp_path: Path, kernels_cache: Path
) -> None:
    configuration = Configuration(port=vhost(tmp_path, "a", "b", "c"))
    with (
        running(tmp_path, kernels_cache, configuration) as switch,
        Guest.connect(tmp_path / "a.sock") as guest_a,
        Guest.connect(tmp_path / "b.sock") as guest_b,
    ):
        a = FrameQueue(guest_a, 0, kernels=kernels_cache)
        b = FrameQueue(guest_b, 0, kernels=kernels_cache)
        thief = Thief(tmp_path / "c.sock")
        assert switch.until("c", lambda port: port.state == "running").own_worker
        os.ftruncate(thief.pool.descriptor, 0)
        thief.guest.kick(thief.pool.rings[1])
        port = switch.until("c", lambda port: port.state == "broken")
        assert "memory was truncated" in port.reason
        assert thief.guest.connection.recv(1) == b""
        thief.close()
        sent = [frame("a", "b", number) for number in range(100)]
        a.send(sent)
        assert receive(b, 100) == sent
        assert switch.events()[-1] == ("broken", "c")


def test_a_ring_stops_and_tells_where(tmp_path: Path, kernels_cache: Path) -> None:
    with pair(tmp_path, kernels_cache) as (switch, guests):
        a = FrameQueue(guests["a"], 0, kernels=kernels_cache)
        a.send([frame("a", "b", number) for number in range(7)])
        switch.until("a", lambda port: port.rx.frames == 7)
        assert guests["a"].stop(guests["a"].pool.rings[1]) == 7


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"queues": 0}, "cannot have 0 queues"),
        ({"queues": 9}, "cannot have 9 queues"),
        ({"ring_size": 3}, "cannot have 3 entries"),
        ({"ring_size": 65536}, "cannot have 65536 entries"),
    ],
)
def test_what_no_guest_can_have(tmp_path: Path, choice: dict[str, int], message: str) -> None:
    with pytest.raises(PortError, match=message):
        Guest.connect(tmp_path / "a.sock", **choice)


def test_where_no_switch_is(tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"cannot be joined \(No such file"):
        Guest.connect(tmp_path / "a.sock")


def test_only_one_front_end_at_a_time(tmp_path: Path, kernels_cache: Path) -> None:
    with pair(tmp_path, kernels_cache) as (switch, _):
        with pytest.raises(PortError, match="cannot be joined"):
            Guest.connect(tmp_path / "a.sock")
        assert switch.port("a").state == "running"


@pytest.mark.parametrize("said", [b"", b"\1\0\0\0\5\0\0\0\x08\0\0\0", bytes(100)])
def test_what_is_no_switch(tmp_path: Path, said: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "a.sock"))
        listener.listen()
        child = os.fork()
        if child == 0:
            connection, _ = listener.accept()
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1 << 16)
            os._exit(0)
        with pytest.raises(PortError, match="cannot be joined"):
            Guest.connect(tmp_path / "a.sock")
        os.waitpid(child, 0)
