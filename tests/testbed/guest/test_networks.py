import os
import socket
from pathlib import Path

import pytest

from riostat.core.errors import MachineError
from riostat.testbed.guest.networks import Datagram, Tap, VhostUser, new_mac, parse_network
from riostat.testbed.network.devices import Network
from tests.testbed.rights import needs_root, without_root


def test_what_texts_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    mac = "52:54:00:00:00:01"
    assert parse_network("vhost:a.sock") == VhostUser(tmp_path / "a.sock")
    assert parse_network(f"vhost:/a,queues=2,mac={mac},address=10.0.0.1/24") == VhostUser(
        Path("/a"), queues=2, mac=mac, address="10.0.0.1/24"
    )
    assert parse_network("tap:t0,namespace=n") == Tap("t0", namespace=Path("/run/netns/n"))
    assert parse_network("dgram:a,b,address=fd00::1/64") == Datagram(
        tmp_path / "a", tmp_path / "b", address="fd00::1/64"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "none; give vhost:SOCKET"),
        ("veth:a", "none; give"),
        ("vhost:", "none; give"),
        ("dgram:a", "none; give"),
        ("dgram:a,b,queues=2", "none; give"),
        ("vhost:a,more=1", "none; give"),
        ("vhost:a,queues=0", "1 to 8 queues"),
        ("vhost:a,queues=two", "1 to 8 queues"),
        ("vhost:a,address=10.0.0", "none; give one with its length"),
        ("vhost:a,mac=01:00:00:00:00:00", "none of a device"),
        ("tap:a/b", "No device is called"),
        ("tap:" + "a" * 16, "No device is called"),
    ],
)
def test_what_is_no_network_is_refused(text: str, words: str) -> None:
    with pytest.raises(MachineError, match=words):
        parse_network(text)


def test_what_is_not_there_is_said_before_a_start(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"no socket at .*none; start the switch"):
        VhostUser(tmp_path / "none").check()
    with pytest.raises(MachineError, match="no device nonesuch; make it"):
        Tap("nonesuch").check()
    with pytest.raises(MachineError, match="no network namespace at"):
        Tap("t0", namespace=tmp_path / "none").check()


@needs_root
def test_a_tap_device_of_another_user_is_said() -> None:
    program = (
        "from pathlib import Path; from riostat.testbed.guest.networks import Tap; "
        "Tap({!r}, namespace={}).check()"
    )
    with Network() as network:
        name = f"tap{os.getpid()}"
        network.add_tap(name)
        assert without_root(program.format(name, None)) == (
            f"MissingToolError: The TAP device {name} is not this user's; run it as root, or make "
            "the device with `ip tuntap add ... user 65534`."
        )
    said = without_root(program.format("tap0", "Path('/run')"))
    assert "where only root starts a guest; run it as root" in said


def test_a_datagram_socket_in_use_is_said_and_one_of_nobody_removed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    network = Datagram(path, tmp_path / "b")
    network.check()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taken:
        taken.bind(str(path))
        with pytest.raises(MachineError, match="in use; choose another"):
            network.check()
    network.check()
    assert not path.exists()
    path.write_text("words")
    with pytest.raises(MachineError, match="in use"):
        network.check()


def test_addresses_of_devices_are_of_qemus_range() -> None:
    assert new_mac().startswith("52:54:00:")
    assert new_mac() != new_mac()
