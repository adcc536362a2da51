"""A thousand who read at once get the right bytes, and those who are slow cost little memory."""

import asyncio
import contextlib
import random
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.serving import ServedStore, made_store, serving

READERS = 1000
SLOW = 400
DATA = random.Random(7).randbytes(48 << 20)
_REQUEST = "GET /open/film HTTP/1.1\r\nHost: x\r\nRange: bytes={}-{}\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedStore]:
    """A server that can keep little of an object in memory."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * READERS:
        pytest.skip(f"the hard limit of open files is {hard}; raise it to {2 * READERS}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * READERS), hard))
    root = made_store(tmp_path_factory.mktemp("served"))
    with serving(root, "--public-read=open", f"--cache-bytes={8 << 20}") as served:
        with contextlib.closing(served.client()) as client:
            client.create_bucket(Bucket="open")
            client.put_object(Bucket="open", Key="film", Body=DATA)
        yield served
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert served.errors.read_text() == "The store is no longer served.\n"


def memory_bytes(server: ServedStore) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) << 10


async def _body(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 206 "), head
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
    return await reader.readexactly(int(length))


def test_a_thousand_readers_get_the_right_bytes(server: ServedStore) -> None:
    async def read(number: int, started: asyncio.Barrier) -> None:
        draw = random.Random(number)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await started.wait()
        for _ in range(2):
            start = draw.randrange(len(DATA) - 1)
            stop = min(start + draw.randint(1, 300_000), len(DATA))
            writer.write(_REQUEST.format(start, stop - 1).encode())
            assert await _body(reader) == DATA[start:stop]
        writer.close()
        await writer.wait_closed()

    async def all_read() -> None:
        started = asyncio.Barrier(READERS)
        async with asyncio.TaskGroup() as tasks:
            for number in range(READERS):
                tasks.create_task(read(number, started))

    asyncio.run(all_read())
    assert memory_bytes(server) < 400 << 20


def test_who_reads_slowly_holds_little_memory(server: ServedStore) -> None:
    before = memory_bytes(server)
    with contextlib.ExitStack() as connections:
        sockets = []
        for number in range(SLOW):
            connection = connections.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(60)
            connection.connect(("127.0.0.1", server.port))
            start = number * 100_003 % (len(DATA) // 2)
            connection.sendall(_REQUEST.format(start, len(DATA) - 1).encode())
            sockets.append((connection, start))
        for connection, _ in sockets:
            assert connection.recv(12) == b"HTTP/1.1 206"
        # Each asked for more than 24 MiB, and a block of each would be 400 MiB.
        assert memory_bytes(server) - before < 250 << 20
        # Somebody who is fast is served meanwhile, and the slow ones get what they asked for.
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as fast:
            fast.sendall(_REQUEST.format(5, 1 << 20).encode())
            assert _received(fast, (1 << 20) - 4) == DATA[5 : (1 << 20) + 1]
        for connection, start in random.Random(8).sample(sockets, 5):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            assert _received(connection, len(DATA) - start) == DATA[start:]


def _received(connection: socket.socket, length: int) -> bytes:
    with connection.makefile("rb") as file:
        while file.readline() != b"\r\n":
            pass
        return file.read(length)
