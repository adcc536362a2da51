"""Namespaces: apart, joined, and gone with all that was in them."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from riostat.core.errors import MissingToolError, NetworkError
from riostat.testbed.network.devices import Network
from riostat.testbed.network.namespace import Namespace
from riostat.testbed.network.netlink import NAMESPACES
from riostat.testbed.ownership import Owner
from tests.testbed.rights import needs_root, without_root

pytestmark = pytest.mark.root
needs_ping = pytest.mark.skipif(
    shutil.which("ping") is None, reason="ping is missing; install the package iputils-ping"
)


@needs_root
def test_the_caller_is_not_moved(namespace: Namespace) -> None:
    here = str(Path("/proc/self/ns/net").readlink())
    inside = namespace.run("readlink", "/proc/self/ns/net").stdout.strip()
    assert inside.startswith("net:[")
    assert inside != here == str(Path("/proc/self/ns/net").readlink())
    assert namespace.devices() == ["lo"]
    assert threading.active_count() == 1


@needs_root
def test_others_know_it_by_its_name(namespace: Namespace) -> None:
    listed = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
    assert namespace.name in listed.split()


@needs_root
@needs_ping
def test_two_are_joined_by_a_pair_of_devices(namespace: Namespace) -> None:
    with Namespace() as other:
        namespace.add_veth("a", other, "b", address="10.9.0.1/24", other_address="10.9.0.2/24")
        said = namespace.run("ping", "-c3", "-i0.01", "-W5", "10.9.0.2").stdout
        assert "3 received" in said
        assert other.devices() == ["lo", "b"]
    assert namespace.devices() == ["lo"]


@needs_root
def test_it_is_joined_to_the_host(namespace: Namespace) -> None:
    name = f"rio{os.getpid() % 100_000}h"
    with Network() as host, socket.create_server(("0.0.0.0", 0)) as server:
        namespace.add_veth("a", host, name, address="10.254.7.1/30", other_address="10.254.7.2/30")
        port = server.getsockname()[1]
        client = (
            "import socket, sys; "
            "socket.create_connection(('10.254.7.2', int(sys.argv[1])), 10).sendall(b'hello')"
        )
        assert namespace.run("python3", "-c", client, str(port)).returncode == 0
        connection, (address, _) = server.accept()
        with connection:
            assert (connection.recv(100), address) == (b"hello", "10.254.7.1")
        namespace.close()
        assert name not in host.devices()


@needs_root
def test_nothing_but_the_caller_is_heard() -> None:
    """IPv6 speaks as soon as a device is up, unless it is off."""
    for ipv6, file in ((False, "1"), (True, "0")):
        with Namespace(ipv6=ipv6) as namespace:
            namespace.add_tap("t")
            setting = "/proc/sys/net/ipv6/conf/t/disable_ipv6"
            assert namespace.run("cat", setting).stdout.strip() == file
    with Namespace() as quiet, Namespace() as listening:
        quiet.add_veth("a", listening, "b", address="10.9.1.1/24", other_address="10.9.1.2/24")
        said = listening.run("cat", "/proc/net/dev").stdout
        (line,) = [line for line in said.splitlines() if line.strip().startswith("b:")]
        assert line.split()[1:3] == ["0", "0"]


@needs_root
def test_a_device_is_moved_in(namespace: Namespace) -> None:
    name = f"rio{os.getpid() % 100_000}m"
    with Network() as host:
        host.add_tap(name)
        namespace.adopt(name, address="10.9.2.1/24")
        assert name not in host.devices()
        assert "10.9.2.1/24" in namespace.run("ip", "address", "show", name).stdout
    assert name in namespace.devices()
    with pytest.raises(NetworkError, match=r"cannot be moved .* not there"):
        namespace.adopt(name)


@needs_root
def test_what_runs_inside_ends_with_it() -> None:
    with Namespace() as namespace:
        program = namespace.start("cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(b"x")
        program.stdin.flush()
        assert program.stdout.read(1) == b"x"
        # What nobody waits for, too: the shell ends and leaves it to init.
        orphan = int(namespace.run("sh", "-c", "sleep 600 >&- 2>&- & echo $!").stdout)
        owner = Owner.of(orphan)
    assert not owner.is_alive()
    program.communicate()
    assert program.returncode == -signal.SIGKILL
    assert not (NAMESPACES / namespace.name).exists()


@needs_root
def test_a_program_that_is_not_there() -> None:
    with Namespace() as namespace:
        done = namespace.run("no-such-program")
        assert done.returncode == 127
        assert "no-such-program" in done.stderr


@needs_root
def test_closing_twice_or_too_late_is_no_error(namespace: Namespace) -> None:
    namespace.add_tap("t")
    subprocess.run(["ip", "netns", "delete", namespace.name], check=True)
    namespace.close()
    namespace.close()


@needs_root
def test_one_that_was_removed_is_said_to_be_gone() -> None:
    with Namespace() as namespace:
        subprocess.run(["ip", "netns", "delete", namespace.name], check=True)
        with pytest.raises(NetworkError, match=r"The device t cannot be made \(No such file"):
            namespace.add_tap("t")


@needs_root
def test_many_are_made_at_once() -> None:
    made: list[Namespace] = []
    threads = [threading.Thread(target=lambda: made.append(Namespace())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {namespace.name for namespace in made}
    assert len(names) == 8
    assert names <= {path.name for path in NAMESPACES.iterdir()}
    for namespace in made:
        namespace.close()
    assert not any((NAMESPACES / name).exists() for name in names)


@needs_root
def test_without_root_one_sentence_says_so() -> None:
    said = without_root("from riostat.testbed.network.namespace import Namespace; Namespace()")
    assert said == (
        f"{MissingToolError.__name__}: The network namespace NAME cannot be made without root; "
        "run it as root, with sudo for example."
    )
