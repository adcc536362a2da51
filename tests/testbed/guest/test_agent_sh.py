"""The agent for guests without Python, in such a guest."""

import os
import shutil
import time
from collections.abc import Iterator

import pytest

from riostat.core.errors import MachineTimeoutError
from riostat.testbed.folders import CacheFolder
from riostat.testbed.guest.guest import QEMU, Guest, GuestSpecification, start_guest
from riostat.testbed.guest.visiting import visited
from riostat.testbed.image.image import make_image
from riostat.testbed.image.specification import ImageSpecification
from riostat.testbed.packages.cache import PackageCache

pytestmark = [
    pytest.mark.guest,
    pytest.mark.skipif(
        shutil.which(QEMU) is None, reason=f"{QEMU} is missing; install qemu-system-x86"
    ),
]
SLEEPING = "grep -l 'sleep.123[7]' /proc/[0-9]*/cmdline | wc -l"


@pytest.fixture(scope="module")
def guest(testbed_cache: CacheFolder) -> Iterator[Guest]:
    packages = PackageCache(testbed_cache.packages)
    image = make_image(ImageSpecification(python=False), testbed_cache, packages=packages)
    specification = GuestSpecification(image=image, memory_mib=160)
    with start_guest(specification, cache=testbed_cache, name=f"shell-{os.getpid()}") as found:
        yield found


def test_a_command_has_its_output_its_errors_and_its_status(guest: Guest) -> None:
    finished = guest.run("echo words; printf '\\377\\0' >&2; exit 3")
    assert (finished.returncode, finished.stdout, finished.stderr) == (3, b"words\n", b"\xff\0")
    assert guest.run("kill -9 $$").returncode == -9
    assert guest.run("cat").stdout == b""


def test_bytes_go_in_and_out(guest: Guest) -> None:
    content = bytes(range(256)) * 100
    assert guest.run("cat", data=content).stdout == content
    guest.put(content, "/tmp/file", mode=0o751)
    assert guest.get("/tmp/file") == (content, 0o751)


@pytest.mark.parametrize("limit", [0, 1000, 65536, 70_000])
def test_output_beyond_the_limit_is_cut_and_said(guest: Guest, limit: int) -> None:
    finished = guest.run("head -c 100000 /dev/zero", limit=limit)
    assert len(finished.stdout) == limit
    assert finished.stdout_cut == 100_000 - limit


def test_at_its_time_out_a_command_ends_with_all_that_it_started(guest: Guest) -> None:
    with pytest.raises(MachineTimeoutError, match="and was killed"):
        guest.run("(setsid sleep 1237 &); echo almost; sleep 1237", timeout_s=1)
    assert guest.run(SLEEPING).stdout == b"0\n"


def test_a_new_host_ends_what_the_one_before_began(guest: Guest) -> None:
    channel = guest.machine.channel
    channel.greet(10)
    with visited(guest.name) as machine:
        assert machine.channel.run("echo visitor").stdout == b"visitor\n"
    begun = channel._conversation.run(b"sleep 1237", timeout_s=60, limit=10, data=b"")
    channel._send(begun, time.monotonic() + 60)
    with visited(guest.name) as machine:
        machine.channel.run(f"until [ $({SLEEPING}) -gt 0 ]; do usleep 20000; done")
    channel.greet(10)
    assert guest.run(SLEEPING).stdout == b"0\n"
