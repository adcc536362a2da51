import mmap
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.guest import Guest, GuestSpecification, join, start_guest
from riostat.testbed.guest.networks import Tap, VhostUser
from riostat.testbed.image.image import Image
from riostat.testbed.network.namespace import Namespace
from tests.testbed.guest.switching import running_switch
from tests.testbed.rights import needs_root

Start = Callable[..., Guest]
pytestmark = pytest.mark.guest

PORT = 5001
BYTES = 4_000_000
RECEIVE = f"""
import socket, sys
with socket.create_server(("", {PORT})) as server:
    print("listening", flush=True)
    connection, _ = server.accept()
    total = 0
    while content := connection.recv(1 << 16):
        total += len(content)
    connection.sendall(str(total).encode())
"""
SEND = f"""
import socket, sys
with socket.create_connection((sys.argv[1], {PORT}), timeout=30) as connection:
    connection.sendall(bytes({BYTES}))
    connection.shutdown(socket.SHUT_WR)
    print(connection.recv(100).decode())
"""


def exchange(one: Guest, other: Guest, address: str) -> None:
    """Send bytes by TCP from one guest to the other, which counts them."""
    other.put(RECEIVE.encode(), "/tmp/receive.py")
    other.run(
        "python3 /tmp/receive.py >/tmp/said 2>&1 & until [ -s /tmp/said ]; do usleep 20000; done"
    )
    finished = one.run(["python3", "-c", SEND, address], timeout_s=60)
    assert finished.stdout == b"%d\n" % BYTES, finished.stderr


def packets(guest: Guest) -> tuple[int, int]:
    """What the guest's first device has received and sent."""
    found = guest.run("cat /sys/class/net/eth0/statistics/[rt]x_packets").stdout.split()
    return int(found[0]), int(found[1])


def test_two_guests_of_one_snapshot_are_two(start: Start) -> None:
    one, other = guests = start(name="first"), start(name="second")
    for guest, name in zip(guests, (b"first\n", b"second\n"), strict=True):
        assert guest.run("hostname").stdout == name
        assert abs(int(guest.run("date +%s").stdout) - time.time()) < 60
    numbers = {guest.run("head -c 16 /dev/urandom").stdout for guest in guests}
    assert len(numbers) == 2
    join(one, other, addresses=("10.0.0.1/24", "10.0.0.2/24"))
    exchange(one, other, "10.0.0.2")
    exchange(other, one, "10.0.0.1")


def test_a_guest_is_as_it_was_asked_for(start: Start) -> None:
    guest = start(cpus=2, memory_mib=256, shared_memory=True)
    assert guest.run("nproc").stdout == b"2\n"
    assert guest.memory is not None
    word = secrets.token_hex(16).encode()
    guest.put(word * 100, "/tmp/word")
    with guest.memory.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as seen:
        assert seen.size() == 256 << 20
        assert seen.find(word * 100) > 0


def test_a_cold_guest_answers(start: Start) -> None:
    guest = start(warm=False)
    assert guest.run("uname -s").stdout == b"Linux\n"
    assert guest.memory is None


def test_at_its_time_out_a_command_ends_with_all_that_it_started(start: Start) -> None:
    guest = start()
    sleeping = "grep -l 'sleep.123[4]' /proc/[0-9]*/cmdline | wc -l"
    with pytest.raises(MachineTimeoutError, match=r"within 1\.5 s and was killed.*\n.*\n  3$"):
        guest.run(
            f"(setsid sleep 1234 &); (sleep 1234 &); sleep 0.5; {sleeping}; sleep 1234",
            timeout_s=1.5,
        )
    guest.run(f"until [ $({sleeping}) = 0 ]; do usleep 9000; done")
    kept = guest.run("sleep 1235 >/dev/null 2>&1 & echo $!").stdout
    assert guest.run(f"kill -0 {kept.decode()}").returncode == 0


def test_bytes_and_files_go_in_and_out(start: Start, tmp_path: Path) -> None:
    guest = start()
    content = os.urandom(1_000_000)
    assert guest.run("cat", data=content).stdout == content
    source = tmp_path / "program"
    source.write_bytes(b"#!/bin/sh\necho ran\n")
    source.chmod(0o755)
    guest.put(source, "/tmp/program")
    assert guest.run(["/tmp/program"]).stdout == b"ran\n"
    assert guest.get("/tmp/program") == (source.read_bytes(), 0o755)
    for odd in ("-n", "/tmp/a 'b\"\n;c"):
        guest.put(b"odd", odd)
        assert guest.get(odd).content == b"odd"


def test_a_guest_that_panics_is_said_with_its_last_words(start: Start) -> None:
    guest = start(name="doomed")
    with pytest.raises(MachineError) as caught:
        guest.run("sleep 0.2; echo c >/proc/sysrq-trigger")
    assert "machine doomed has ended" in str(caught.value)
    assert "Kernel panic - not syncing: sysrq triggered crash" in str(caught.value)


def test_a_guest_without_room_is_said_with_its_last_words(start: Start) -> None:
    with pytest.raises(MachineError, match=r"(?s)has ended.*The console ends with:.*memory"):
        start(memory_mib=96, warm=False)


@pytest.mark.parametrize("is_hung", ["stopped", "killed"])
def test_a_qemu_that_hangs_or_is_gone_is_not_waited_for(start: Start, is_hung: str) -> None:
    guest = start()
    os.kill(guest.machine.pid, signal.SIGSTOP if is_hung == "stopped" else signal.SIGKILL)
    with pytest.raises(MachineError, match="does not answer" if is_hung == "stopped" else "ended"):
        guest.run("true", timeout_s=0.1)


def test_a_name_in_use_is_refused(start: Start) -> None:
    start(name="taken")
    with pytest.raises(MachineError, match="called taken runs already"):
        start(name="taken")


def test_several_guests_start_at_once(start: Start) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(start().run("echo here").stdout))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [b"here\n"] * 3


def test_a_damaged_snapshot_is_made_anew(guest_image: Image, tmp_path: Path) -> None:
    cache = CacheFolder(tmp_path)
    said: list[str] = []
    specification = GuestSpecification(image=guest_image)
    with start_guest(specification, cache=cache) as guest:
        guest.run("true")
    (snapshot,) = (path for path in cache.snapshots.iterdir() if path.name != "lock")
    os.truncate(snapshot, snapshot.stat().st_size // 2)
    os.utime(snapshot, ns=(0, 0))
    with start_guest(specification, cache=cache, progress=said.append) as guest:
        assert guest.run("echo well").stdout == b"well\n"
    assert "The snapshot does not start, and is made anew" in said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"cpus": 0}, "1 to 64 CPUs, not 0"),
        ({"memory_mib": 1}, "at least 64 MiB"),
        ({"networks": (VhostUser(Path("/nonesuch")),)}, "no socket at /nonesuch"),
        (
            {"networks": (Tap("a", namespace=Path("/a")), Tap("b", namespace=Path("/b")))},
            "in one network namespace, and not in 2",
        ),
    ],
)
def test_what_no_guest_can_be_is_refused(
    start: Start, wrong: dict[str, object], words: str
) -> None:
    with pytest.raises(MachineError, match=words):
        start(**wrong)


@needs_root
@pytest.mark.parametrize("queues", [1, 2])
def test_two_guests_exchange_tcp_through_taps_in_a_namespace(start: Start, queues: int) -> None:
    with Namespace() as namespace:
        for name in ("tap0", "tap1"):
            namespace.add_tap(name, queues=queues)
        namespace.add_bridge("bridge0", ("tap0", "tap1"))
        path = Path("/run/netns", namespace.name)
        guests = [
            start(
                networks=(
                    Tap(
                        f"tap{number}",
                        namespace=path,
                        queues=queues,
                        address=f"10.7.0.{number + 1}/24",
                    ),
                )
            )
            for number in range(2)
        ]
        exchange(guests[0], guests[1], "10.7.0.2")
        for guest in guests:
            guest.close()


@pytest.mark.parametrize("policy", ["copy", "reuse"])
def test_two_guests_exchange_tcp_through_the_switch(
    start: Start, tmp_path: Path, kernels_cache: Path, policy: str
) -> None:
    with running_switch(tmp_path, kernels_cache, ports=("a", "b"), policy=policy) as switch:
        guests = [
            start(networks=(VhostUser(switch.socket(name), queues=2, address=f"10.8.0.{n}/24"),))
            for n, name in enumerate(("a", "b"), 1)
        ]
        exchange(guests[0], guests[1], "10.8.0.2")
        counted = [packets(guest) for guest in guests]
        ports = switch.ports()
        for (received, sent), name in zip(counted, ("a", "b"), strict=True):
            # A guest may have sent on since it was asked, and nothing else is on the wire.
            assert received <= ports[name]["tx"]["frames"] <= received + 10
            assert sent <= ports[name]["rx"]["frames"] <= sent + 10
            assert ports[name]["policy"] == policy
        assert counted[0][1] > BYTES // 1500
