"""Front ends that break the protocol over a real socket cost one sentence and their connection."""

import contextlib
import os
import random
import socket
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from riostat.switch.configuration import Configuration
from riostat.switch.vhost.frontend import Guest
from riostat.switch.vhost.messages import (
    ProtocolFeature,
    Request,
    encode_memory_table,
    encode_request,
    encode_u64,
    encode_vring_address,
    encode_vring_file,
    encode_vring_state,
)
from riostat.switch.vhost.pool import Pool
from tests.switch.switching import Running, running, vhost

FEATURES = 1 << 32 | ProtocolFeature.NEGOTIATION


class Peer:
    """A front end that says what it is told to, with descriptors of every kind."""

    def __init__(self, path: Path) -> None:
        self.pool = Pool(queues=1, ring_size=256, buffer_bytes=2048)
        self.eventfd = os.eventfd(0, os.EFD_CLOEXEC)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))

    def close(self) -> None:
        self.socket.close()
        self.pool.close()
        os.close(self.eventfd)

    def say(self, request: Request, payload: bytes = b"", files: Sequence[int] = ()) -> None:
        self.raw(encode_request(request, payload), files)

    def raw(self, data: bytes, files: Sequence[int] = ()) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(self.socket, [data], list(files))

    def begin(self) -> None:
        self.say(Request.SET_OWNER)
        self.say(Request.SET_FEATURES, encode_u64(FEATURES))

    def share(self, descriptor: int | None = None, **changed: int) -> None:
        region = self.pool.regions()[0]._replace(**changed)
        files = [self.pool.descriptor if descriptor is None else descriptor]
        self.say(Request.SET_MEM_TABLE, encode_memory_table([region]), files)

    def is_cut_off(self) -> bool:
        """Wait until the switch ends the connection; what it answers before is of no interest."""
        with contextlib.suppress(ConnectionResetError):
            while self.socket.recv(4096):
                pass
        return True


def too_many_descriptors(peer: Peer) -> None:
    peer.begin()
    peer.say(Request.SET_MEM_TABLE, bytes(8), [peer.eventfd] * 9)


def hundreds_of_descriptors(peer: Peer) -> None:
    peer.raw(b"\2", [peer.eventfd] * 250)


def descriptors_that_trickle(peer: Peer) -> None:
    for byte in encode_request(Request.SET_VRING_CALL, bytes(8)):
        peer.raw(bytes([byte]), [peer.eventfd])


def a_size_beyond_all_bounds(peer: Peer) -> None:
    peer.raw(struct.pack("<III", Request.SET_MEM_TABLE, 1, 0xFFFFFFFF))


def half_a_message(peer: Peer) -> None:
    peer.raw(encode_request(Request.SET_FEATURES, bytes(8))[:15])
    peer.socket.shutdown(socket.SHUT_WR)


def half_a_header(peer: Peer) -> None:
    peer.raw(b"\1\0\0\0")
    peer.socket.shutdown(socket.SHUT_WR)


def another_protocol(peer: Peer) -> None:
    peer.raw(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")


def the_wrong_order(peer: Peer) -> None:
    peer.share()


def memory_smaller_than_stated(peer: Peer) -> None:
    peer.begin()
    peer.share(size=peer.pool.size + 4096)


def memory_of_a_disk(peer: Peer) -> None:
    peer.begin()
    with tempfile.TemporaryFile(dir=Path.cwd()) as file:
        file.truncate(peer.pool.size)
        peer.share(file.fileno())


def memory_that_cannot_be_written(peer: Peer) -> None:
    peer.begin()
    readable = os.open(f"/proc/self/fd/{peer.pool.descriptor}", os.O_RDONLY)
    peer.share(readable)
    os.close(readable)


def an_eventfd_that_is_none(peer: Peer) -> None:
    peer.begin()
    file = encode_vring_file(0, has_descriptor=True)
    peer.say(Request.SET_VRING_CALL, file, [peer.pool.descriptor])


def a_ring_outside_its_memory(peer: Peer) -> None:
    peer.begin()
    peer.share(size=4096)  # the descriptor table, and no more
    ring = peer.pool.rings[0]
    peer.say(Request.SET_VRING_NUM, encode_vring_state(0, ring.size))
    peer.say(Request.SET_VRING_ADDR, encode_vring_address(peer.pool.vring_address(ring)))
    peer.say(Request.SET_VRING_KICK, encode_vring_file(0, has_descriptor=True), [peer.eventfd])


def orders_without_end(peer: Peer) -> None:
    peer.begin()
    for _ in range(3000):
        peer.share()


def rings_before_memory(peer: Peer) -> None:
    peer.begin()
    peer.say(Request.SET_VRING_KICK, encode_vring_file(0, has_descriptor=True), [peer.eventfd])


HOSTILE = [
    (too_many_descriptors, "more than 8 descriptors"),
    (hundreds_of_descriptors, "more than 8 descriptors"),
    (descriptors_that_trickle, "more than 8 descriptors"),
    (a_size_beyond_all_bounds, "announces 4294967295 bytes"),
    (half_a_message, "ended after 15 bytes"),
    (half_a_header, "ended after 4 bytes"),
    (another_protocol, "has the flags"),
    (the_wrong_order, "came before SET_OWNER and SET_FEATURES"),
    (memory_smaller_than_stated, "make the file as large as was said"),
    (memory_of_a_disk, "no shared memory"),
    (memory_that_cannot_be_written, "no shared memory"),
    (an_eventfd_that_is_none, "is none; use eventfd"),
    (a_ring_outside_its_memory, "is not inside one memory region"),
    (orders_without_end, "changes of rings or memory came in a second"),
    (rings_before_memory, "came before SET_MEM_TABLE"),
]


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory, kernels_cache: Path) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("switch")
    configuration = Configuration(port=vhost(folder, "hostile", "good"))
    with running(folder, kernels_cache, configuration) as switch:
        yield switch


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("act", "reason"), HOSTILE, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_hostile_front_end_is_cut_off_with_a_reason(
    switch: Running, act: Callable[[Peer], None], reason: str
) -> None:
    switch.status()
    before = descriptors()
    peer = Peer(switch.folder / "hostile.sock")
    act(peer)
    assert peer.is_cut_off()
    peer.close()
    port = switch.until("hostile", lambda port: port.state == "broken")
    assert reason in port.reason
    assert port.pid == 0
    assert switch.events()[-1] == ("broken", "hostile")
    assert descriptors() == before
    with Guest.connect(switch.folder / "good.sock"):
        assert switch.port("good").state == "running"


def test_after_a_reason_the_next_front_end_is_served(switch: Running) -> None:
    peer = Peer(switch.folder / "hostile.sock")
    another_protocol(peer)
    assert peer.is_cut_off()
    peer.close()
    with Guest.connect(switch.folder / "hostile.sock"):
        port = switch.port("hostile")
        assert (port.state, port.reason) == ("running", "")


def test_a_message_may_come_byte_by_byte(switch: Running) -> None:
    peer = Peer(switch.folder / "hostile.sock")
    for byte in encode_request(Request.GET_FEATURES):
        peer.raw(bytes([byte]))
    assert len(peer.socket.recv(20, socket.MSG_WAITALL)) == 20
    peer.close()
    assert switch.until("hostile", lambda port: port.pid == 0).reason == ""


def test_answers_that_are_not_read_end_the_connection(switch: Running) -> None:
    peer = Peer(switch.folder / "hostile.sock")
    peer.socket.settimeout(0)
    asked = encode_request(Request.GET_FEATURES) * 100
    with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
        while True:
            peer.socket.send(asked)
    port = switch.until("hostile", lambda port: port.state == "broken")
    assert "read what is asked for" in port.reason
    peer.close()


def mutated(rng: random.Random, peer: Peer) -> list[tuple[bytes, list[int]]]:
    """A handshake with a few bytes changed, messages lost, doubled, in the wrong order or cut."""
    said: list[tuple[bytes, list[int]]] = []
    file = encode_vring_file(0, has_descriptor=True)
    table = encode_memory_table(peer.pool.regions())
    ring = peer.pool.rings[0]
    for request, payload, files in [
        (Request.SET_OWNER, b"", []),
        (Request.SET_FEATURES, encode_u64(FEATURES), []),
        (Request.SET_MEM_TABLE, table, [peer.pool.descriptor]),
        (Request.SET_VRING_NUM, encode_vring_state(0, ring.size), []),
        (Request.SET_VRING_BASE, encode_vring_state(0, 0), []),
        (Request.SET_VRING_ADDR, encode_vring_address(peer.pool.vring_address(ring)), []),
        (Request.SET_VRING_CALL, file, [peer.eventfd]),
        (Request.SET_VRING_KICK, file, [peer.eventfd]),
        (Request.SET_VRING_ENABLE, encode_vring_state(0, 1), []),
        (Request.GET_VRING_BASE, encode_vring_state(0, 0), []),
    ]:
        said.append((encode_request(request, payload), files))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(said))
        data, files = said[at]
        match rng.randrange(5):
            case 0:
                changed = bytearray(data)
                changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
                said[at] = bytes(changed), files
            case 1:
                said.insert(rng.randrange(len(said)), said[at])
            case 2 if len(said) > 1:
                said.pop(at)
            case 3:
                said[at] = data[: rng.randrange(1, len(data) + 1)], files
            case _:
                said[at] = data, rng.choices([peer.eventfd, peer.pool.descriptor, 0], k=2)
    return said


def fuzz(switch: Running, rng: random.Random, rounds: int) -> None:
    for _ in range(rounds):
        peer = Peer(switch.folder / "hostile.sock")
        for data, files in mutated(rng, peer):
            peer.raw(data, files)
        with contextlib.suppress(OSError):
            peer.socket.shutdown(socket.SHUT_WR)
        assert peer.is_cut_off()
        peer.close()


@pytest.mark.parametrize("rounds", [3000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_mutated_sessions_break_nothing(switch: Running, rounds: int) -> None:
    rng = random.Random(random.getrandbits(32))  # pytest-randomly prints what it comes from
    with Guest.connect(switch.folder / "good.sock"):
        switch.until("hostile", lambda port: port.pid == 0)
        before = descriptors()
        fuzz(switch, rng, rounds)
        switch.until("hostile", lambda port: port.pid == 0)
        assert descriptors() == before
        assert switch.port("good").state == "running"
        assert [worker.state for worker in switch.status().workers] == ["running"]
