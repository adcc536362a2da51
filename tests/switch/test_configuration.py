"""What a switch may be configured to be, from files and from flags."""

import re
from pathlib import Path

import pytest

from riostat.core.errors import ConfigurationError
from riostat.switch.configuration import (
    Configuration,
    PortConfiguration,
    Queues,
    parse_port,
    parse_uplink,
    read_configuration,
)
from riostat.switch.ports import PORTS_MAX, Policy

WHOLE = """
policy = "map-batch"
queues = "shared"
cpus = [0, -1]

[[port]]
name = "vm1"
vhost = "/run/vm1.sock"
policy = "copy"
mac = "52:54:00:00:00:01"

[[port]]
name = "lan"
tap = "riostat0"
queues = 2
uplink = true
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "switch.toml"
    path.write_text(text)
    return path


def test_a_whole_file(tmp_path: Path) -> None:
    assert read_configuration(write(tmp_path, WHOLE)) == Configuration(
        policy=Policy.MAP_BATCH,
        queues=Queues.SHARED,
        cpus=(0, -1),
        port=(
            PortConfiguration(
                name="vm1", vhost="/run/vm1.sock", policy=Policy.COPY, mac="52:54:00:00:00:01"
            ),
            PortConfiguration(name="lan", tap="riostat0", queues=2, uplink=True),
        ),
    )


def test_an_empty_file_is_a_switch_without_ports(tmp_path: Path) -> None:
    empty = read_configuration(write(tmp_path, ""))
    assert empty == Configuration()
    assert (empty.policy, empty.queues, empty.cpus) == (Policy.REUSE, Queues.PER_GUEST, (-1,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policy = 'trust'", "cannot be used .*'trust'"),
        ("speed = 3", "unknown field `speed`"),
        ("cpus = []", "length >= 1"),
        ("[[port]]\nname = 'a'", "must be either vhost or tap"),
        ("[[port]]\nname = 'a'\nvhost = '/a'\ntap = 'b'", "must be either vhost or tap"),
        ("[[port]]\nname = ''\ntap = 'b'", "cannot be the name of a port"),
        ("[[port]]\nname = '../a'\ntap = 'b'", "cannot be the name of a port"),
        ("[[port]]\nname = 'a'\ntap = 'sixteen-letters0'", "name of a TAP device"),
        ("[[port]]\nname = 'a'\nvhost = ''", "has no path of a socket"),
        ("[[port]]\nname = 'a'\ntap = 'b'\nqueues = 9", "<= 8"),
        ("[[port]]\nname = 'a'\ntap = 'b'\nmac = '01:00:00:00:00:00'", "of one station"),
        ("[[port]]\nname = 'a'\ntap = 'b'\nmac = 'x'", "of one station"),
        ("[[port]]\nname = 'a'\ntap = 'b'\n[[port]]\nname = 'a'\ntap = 'c'", "name 'a'"),
        ("[[port]]\nname = 'a'\ntap = 'b'\n[[port]]\nname = 'c'\ntap = 'b'", "tap 'b'"),
        ("a = [" * 2000, "cannot be used"),
        ("\udcff", "cannot be used"),
    ],
)
def test_what_cannot_be_a_switch(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "switch.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigurationError, match=message):
        read_configuration(path)


def test_too_many_ports() -> None:
    ports = tuple(PortConfiguration(name=f"p{n}", tap=f"t{n}") for n in range(PORTS_MAX + 1))
    with pytest.raises(ConfigurationError, match="33 ports are too many"):
        Configuration(port=ports).check()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        read_configuration(tmp_path / "none.toml")


def test_ports_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_port("a=vhost:b.sock") == PortConfiguration(name="a", vhost=f"{tmp_path}/b.sock")
    assert parse_port("a=tap:b") == PortConfiguration(name="a", tap="b")
    assert parse_uplink("tap:b") == PortConfiguration(name="b", tap="b", uplink=True)
    assert parse_uplink("tap:b").role == "uplink"


@pytest.mark.parametrize("text", ["a", "a=b", "a=xdp:c", "a=vhost:", "=tap:b", "a b=tap:c", ""])
def test_what_describes_no_port(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"describes no port|cannot be the name"):
        parse_port(text)


@pytest.mark.parametrize("text", ["a", "packet:a", "tap:", "tap:/"])
def test_what_describes_no_uplink(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"describes no uplink|cannot be the name"):
        parse_uplink(text)


def test_an_address_as_it_stands_in_frames() -> None:
    port = PortConfiguration(name="a", tap="b", mac="02:00:00:00:00:0A")
    port.check()
    assert port.mac_bytes == b"\x02\0\0\0\0\x0a"
    assert PortConfiguration(name="a", tap="b").mac_bytes is None


def test_the_guide_has_every_key_and_an_example_that_can_be_read(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "switch.md").read_text()
    (example,) = re.findall(r"^```toml\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    given = read_configuration(write(tmp_path, example))
    assert [port.name for port in given.port] == ["vm1", "lan"]
    for struct in (Configuration, PortConfiguration):
        for name in struct.__struct_fields__:
            assert f"\n| `{name}` |" in guide
