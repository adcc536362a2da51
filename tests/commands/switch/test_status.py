"""riostat switch status, and attach, detach and policy, which it shows the effect of."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from riostat.switch.vhost.frontend import Guest
from tests.commands.switch.served import riostat, serving, with_kernels


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, kernels_cache: Path) -> Iterator[Path]:
    data = with_kernels(tmp_path_factory.mktemp("status") / "data", kernels_cache)
    with serving(data, "--guest=a=vhost:a.sock"):
        yield data


def succeed(data: Path, *arguments: str) -> str:
    done = riostat(data, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ports(data: Path) -> dict[str, Any]:
    status = json.loads(succeed(data, "status", "--json"))
    return {port["name"]: port for port in status["ports"]}


def test_what_programs_read(data: Path) -> None:
    status = json.loads(succeed(data, "status", "--json"))
    assert set(status) >= {"time_ns", "started_ns", "run", "workers", "ports"}
    port = status["ports"][0]
    assert (port["name"], port["kind"], port["state"]) == ("a", "vhost", "waiting")
    assert set(port["rx"]) == set(port["tx"]) == {"frames", "bytes"}
    assert port["tx"] == {"frames": 0, "bytes": 0}
    assert set(port["grants"]) == {"live", "mapped", "reused", "revoked", "copied"}


def test_what_people_read(data: Path) -> None:
    with Guest.connect(data / "a.sock") as guest:
        sending = guest.pool.rings[1]
        for buffer in range(10):
            guest.pool.write(sending, buffer, bytes(60))
        guest.pool.make_available(sending, 10)
        guest.kick(sending)
        while ports(data)["a"]["rx"]["frames"] < 10:
            pass
        head, row, *rest = succeed(data, "status", "--interval", "0.1").splitlines()
    assert head.split() == [
        *("port", "kind", "state", "policy", "received", "Mpps", "Gb/s"),
        *("sent", "Mpps", "Gb/s", "dropped", "grants"),
    ]
    assert row.split()[:6] == ["a", "vhost", "x1", "running", "reuse", "10"]
    assert "a: 10 dropped: no other port could take it." in rest
    assert rest[-1].startswith("Workers: 0 on any CPU (running). Run: ")


def test_ports_come_and_go(data: Path) -> None:
    place = data / "b.sock"
    flags = ("--policy=copy", "--mac=02:00:00:00:00:0b", "--uplink")
    assert succeed(data, "attach", f"b=vhost:{place}", *flags) == ""
    assert place.is_socket()
    assert ports(data)["b"]["role"] == "uplink"
    assert succeed(data, "policy", "b", "map-batch") == ""
    assert ports(data)["b"]["policy"] == "map-batch"
    assert succeed(data, "detach", "b") == ""
    assert not place.exists()
    done = riostat(data, "detach", "b")
    assert (done.returncode, done.stderr) == (
        1,
        "riostat: The switch has no port 'b'; its ports are: a.\n",
    )
