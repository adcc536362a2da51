"""DPDK's testpmd as the front end of two guests: the other side of the protocol by others."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from riostat.switch.configuration import Configuration
from riostat.switch.ports import Policy
from tests.switch.switching import running, vhost

pytestmark = pytest.mark.skipif(shutil.which("dpdk-testpmd") is None, reason="needs dpdk-testpmd")

MACS = ("02:00:00:00:00:21", "02:00:00:00:00:22")


def started(folder: Path, *, queues: int) -> "subprocess.Popen[str]":
    """Two ports that send 32 frames, and then what they receive, to each other's address."""
    devices = [
        f"--vdev=net_virtio_user{at},mac={mac},path={folder}/{name}.sock,queues={queues},"
        "queue_size=256"
        for at, (name, mac) in enumerate(zip("ab", MACS, strict=True))
    ]
    return subprocess.Popen(
        [
            "dpdk-testpmd",
            *("-l", "0,1", "--main-lcore", "0", "--no-huge", "-m", "64", "--no-pci"),
            *("--no-telemetry", "--no-shconf", "--iova-mode=va", *devices, "--"),
            *("--forward-mode=mac", f"--eth-peer=0,{MACS[1]}", f"--eth-peer=1,{MACS[0]}"),
            *("--nb-cores=1", "--txd=256", "--rxd=256", "--total-num-mbufs=4096"),
            *(f"--rxq={queues}", f"--txq={queues}", "--no-flush-rx", "--tx-first"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def totals(said: str) -> dict[str, int]:
    """What testpmd counted on both ports together."""
    accumulated = said.partition("Accumulated forward statistics")[2]
    return {name: int(count) for name, count in re.findall(r"(\w+-packets): (\d+)", accumulated)}


@pytest.mark.parametrize("policy", list(Policy))
def test_frames_go_between_two_guests(tmp_path: Path, kernels_cache: Path, policy: Policy) -> None:
    configuration = Configuration(policy=policy, port=vhost(tmp_path, "a", "b"))
    with running(tmp_path, kernels_cache, configuration) as switch:
        peer = started(tmp_path, queues=1)
        for name in "ab":
            port = switch.until(name, lambda port: port.rx.frames > 1000)
            assert (port.state, port.policy, port.queues) == ("running", policy, 1)
            assert port.own_worker  # its memory can shrink
            assert port.pid == peer.pid
        said, _ = peer.communicate("\n")
        assert peer.returncode == 0, said
        ports = [switch.until(name, lambda port: port.state == "waiting") for name in "ab"]
        received = sum(port.rx.frames for port in ports)
        sent = sum(port.tx.frames for port in ports)
        dropped = sum(sum(port.drops.values()) for port in ports)
    counted = totals(said)
    assert received == sent + dropped
    # What lay in the rings when testpmd stopped was counted by one side only.
    assert received <= counted["TX-packets"]
    assert sent >= counted["RX-packets"] > 1000
    assert switch.events() == [
        ("attached", "a"),
        ("attached", "b"),
        ("detached", "a"),
        ("detached", "b"),
    ]


def test_two_queues(tmp_path: Path, kernels_cache: Path) -> None:
    configuration = Configuration(port=vhost(tmp_path, "a", "b"))
    with running(tmp_path, kernels_cache, configuration) as switch:
        peer = started(tmp_path, queues=2)
        for name in "ab":
            assert switch.until(name, lambda port: port.rx.frames > 1000).queues == 2
        said, _ = peer.communicate("\n")
        assert peer.returncode == 0, said
