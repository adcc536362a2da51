"""Devices: made with their owner's mark, opened by programs, and removed."""

import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator

import pytest

from riostat.core.errors import NetworkError
from riostat.testbed.marks import alias_of
from riostat.testbed.network.devices import Network
from riostat.testbed.network.namespace import Namespace
from riostat.testbed.ownership import Owner
from tests.testbed.rights import needs_root

pytestmark = [pytest.mark.root, needs_root]

TUNSETIFF = 0x400454CA
TAP, NO_PI, MULTI_QUEUE, VNET_HEADER = 0x0002, 0x1000, 0x0100, 0x4000


@pytest.fixture
def host() -> Iterator[Network]:
    with Network() as made:
        yield made


def device(name: str) -> str:
    return f"rio{os.getpid() % 100_000}{name}"


def open_tap(name: str, flags: int) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("<16sH22x", name.encode(), flags))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("vnet_header", [False, True])
@pytest.mark.parametrize("queues", [1, 3])
def test_a_tap_outlives_the_program_that_opens_it(
    host: Network, *, queues: int, vnet_header: bool
) -> None:
    name = device("t")
    host.add_tap(name, queues=queues, vnet_header=vnet_header, address="10.253.9.1/24")
    flags = TAP | NO_PI | (MULTI_QUEUE if queues > 1 else 0) | (VNET_HEADER if vnet_header else 0)
    for _ in range(2):
        for descriptor in [open_tap(name, flags) for _ in range(queues)]:
            os.close(descriptor)
    assert name in host.devices()
    assert ("vnet_hdr on" in ip("-d", "link", "show", name)) == vnet_header
    assert "10.253.9.1/24" in ip("address", "show", name)
    with pytest.raises(OSError, match="Invalid argument"):
        open_tap(name, flags ^ MULTI_QUEUE)


def test_a_device_bears_its_owners_mark(host: Network) -> None:
    host.add_tap(device("t"))
    assert f"alias {alias_of(Owner.of(os.getpid()))}" in ip("-d", "link", "show", device("t"))


def test_leaving_removes_what_was_made_and_nothing_else() -> None:
    with Network() as others:
        others.add_tap(device("o"))
        with Network() as host:
            host.add_tap(device("t"))
            host.add_bridge(device("b"), [device("t")])
            assert {device("o"), device("t"), device("b")} <= {*host.devices()}
        assert {device("o"), device("t"), device("b")} & {*others.devices()} == {device("o")}


def test_a_foreign_device_of_the_same_name_stays() -> None:
    with Network() as host:
        host.add_tap(device("t"))
        ip("link", "delete", device("t"))
        ip("tuntap", "add", "mode", "tap", "name", device("t"))
    try:
        assert device("t") in Network().devices()
    finally:
        ip("link", "delete", device("t"))


def test_a_bridge_carries_frames_between_its_ports() -> None:
    with Namespace() as middle, Namespace() as left, Namespace() as right:
        middle.add_veth("l", left, "a", other_address="10.9.3.1/24")
        middle.add_veth("r", right, "b", other_address="10.9.3.2/24")
        middle.add_bridge("bridge", ["l", "r"], address="10.9.3.3/24")
        for here, there in ((left, 2), (right, 1), (left, 3), (right, 3)):
            done = here.run("ping", "-c1", "-W5", f"10.9.3.{there}")
            assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "a%d", ".", "..", "a" * 16, "é", "a\n"])
def test_names_that_linux_would_not_take_are_refused(host: Network, name: str) -> None:
    with pytest.raises(NetworkError, match=r"cannot be made; give a name of 1 to 15"):
        host.add_tap(name)


@pytest.mark.parametrize("address", ["10.0.0", "10.0.0.1/33", "x", "10.0.0.1/24 "])
def test_an_address_that_is_none_is_refused_before_anything_is_made(
    host: Network, address: str
) -> None:
    with pytest.raises(NetworkError, match="is no address; write one as in"):
        host.add_tap(device("t"), address=address)
    with pytest.raises(NetworkError, match="is no address; write one as in"):
        host.set_up("lo", address=address)
    assert device("t") not in host.devices()


def test_a_name_that_is_taken_is_refused(host: Network) -> None:
    host.add_tap(device("t"))
    with pytest.raises(NetworkError, match="since there is one; choose another name"):
        host.add_bridge(device("t"))


def test_a_port_that_is_not_there_is_named(host: Network) -> None:
    with pytest.raises(NetworkError, match=f"The device nothing cannot be joined to {device('b')}"):
        host.add_bridge(device("b"), ["nothing"])
    with pytest.raises(NetworkError, match="The device nothing cannot be brought up"):
        host.set_up("nothing")
