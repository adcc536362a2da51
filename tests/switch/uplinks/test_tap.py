"""TAP ports: namespaces that talk to one another, and to a process, through the switch."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from riostat.core.errors import PortError
from riostat.switch.configuration import Configuration, PortConfiguration
from riostat.switch.control import Attach, Detach, Done
from riostat.switch.uplinks.tap import open_tap
from riostat.switch.vhost.frontend import Guest
from tests.switch.switching import Running, running, vhost
from tests.switch.uplinks.namespaces import Joined, joined_namespace, needs_namespaces
from tests.switch.uplinks.responder import Responder

pytestmark = [pytest.mark.root, needs_namespaces]
needs_iperf3 = pytest.mark.skipif(shutil.which("iperf3") is None, reason="needs iperf3")

_MOST = 10_000_000  # of 20 MB: the client ends when it has sent, not when all has arrived


def device(name: str) -> str:
    return f"rio{os.getpid() % 100_000}{name}"


def tap(name: str, *, queues: int = 1) -> PortConfiguration:
    return PortConfiguration(name=name, tap=device(name), queues=queues)


@pytest.fixture(scope="module")
def joined(
    tmp_path_factory: pytest.TempPathFactory, kernels_cache: Path
) -> Iterator[tuple[Running, Joined, Joined]]:
    """Two namespaces on one switch, one of them with two queues, and a port for a process."""
    folder = tmp_path_factory.mktemp("switch")
    ports = (tap("a"), tap("b", queues=2), *vhost(folder, "p"))
    with (
        running(folder, kernels_cache, Configuration(port=ports)) as switch,
        joined_namespace(device("a"), "10.77.0.1") as a,
        joined_namespace(device("b"), "10.77.0.2") as b,
    ):
        yield switch, a, b


@pytest.mark.skipif(shutil.which("ping") is None, reason="needs ping")
def test_namespaces_hear_each_other(joined: tuple[Running, Joined, Joined]) -> None:
    switch, a, b = joined
    for here, there in ((a, b), (b, a)):
        assert "5 received" in here.run("ping", "-c5", "-i0.05", "-W5", "-s1400", there.address)
    assert [switch.port(name).kind for name in "ab"] == ["tap", "tap"]
    assert [switch.port(name).queues for name in "ab"] == [1, 2]


def transfer(a: Joined, b: Joined, *, reverse: bool) -> int:
    """Send 20 MB by TCP from a to b, or back; return how many bytes had arrived at its end."""
    server = b.start("iperf3", "--server", "--one-off", "--forceflush")
    assert server.stdout is not None
    while "listening" not in server.stdout.readline():
        pass
    flags = ["--reverse"] if reverse else []
    said = a.run("iperf3", "--client", b.address, "--bytes", "20M", "--json", *flags)
    server.communicate()
    received: int = json.loads(said)["end"]["sum_received"]["bytes"]
    return received


@needs_iperf3
@pytest.mark.parametrize("reverse", [False, True])
def test_tcp_flows_both_ways(joined: tuple[Running, Joined, Joined], *, reverse: bool) -> None:
    switch, a, b = joined
    before = switch.port("b")
    assert transfer(a, b, reverse=reverse) >= _MOST
    after = switch.port("b")
    carried = (after.rx.bytes - before.rx.bytes, after.tx.bytes - before.tx.bytes)
    assert carried[0 if reverse else 1] >= _MOST


@needs_iperf3
def test_segmentation_is_for_all_or_nobody(tmp_path: Path, kernels_cache: Path) -> None:
    ports = (tap("s"), tap("t"), *vhost(tmp_path, "p"))
    configuration = Configuration(segmentation=True, port=ports)
    with (
        running(tmp_path, kernels_cache, configuration) as switch,
        joined_namespace(device("s"), "10.78.0.1") as s,
        joined_namespace(device("t"), "10.78.0.2") as t,
    ):
        for reverse in (False, True):
            assert transfer(s, t, reverse=reverse) >= _MOST
        carried = switch.port("t")
        assert carried.tx.bytes / carried.tx.frames > 1514  # segments went through whole
        with pytest.raises(PortError, match="cannot be joined"):
            Guest.connect(tmp_path / "p.sock")
        refused = switch.until("p", lambda port: port.state == "broken")
        assert "lacks the features 0x182" in refused.reason


_ECHO = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(10)
    client.connect((sys.argv[1], 7))
    for size in (0, 1, 2, 999, 1472):
        sent = bytes(range(256)) * 6
        client.send(sent[:size])
        assert client.recv(2000) == sent[:size], size
"""


def test_a_namespace_and_a_process_understand_each_other(
    joined: tuple[Running, Joined, Joined], kernels_cache: Path
) -> None:
    switch, a, b = joined
    with (
        Guest.connect(switch.folder / "p.sock") as guest,
        Responder(guest, "10.77.0.9", kernels_cache) as responder,
    ):
        for here in (a, b):
            here.run("python3", "-c", _ECHO, "10.77.0.9")
    assert (responder.echoed, responder.wrong) == (10, 0)


def test_ports_come_and_go_while_others_talk(
    joined: tuple[Running, Joined, Joined],
) -> None:
    switch, a, b = joined
    assert switch.ask(Attach(tap("c"))) == Done()
    with joined_namespace(device("c"), "10.77.0.3") as c:
        c.run("ping", "-c2", "-i0.05", "-W5", a.address)
        assert switch.ask(Detach("c")) == Done()
        assert [port.name for port in switch.status().ports] == ["a", "b", "p"]
        a.run("ping", "-c2", "-i0.05", "-W5", b.address)
    assert switch.events()[-2:] == [("attached", "c"), ("detached", "c")]


def test_a_device_that_is_held_is_refused() -> None:
    with ExitStack() as stack:
        for descriptor in open_tap(device("h"), queues=1, offloads=0):
            stack.callback(os.close, descriptor)
        with pytest.raises(PortError, match="another program holds it"):
            open_tap(device("h"), queues=1, offloads=0)
        with pytest.raises(PortError, match="another number of queues"):
            open_tap(device("h"), queues=2, offloads=0)
