"""The guests of the demonstration: their rate, their peers and their end."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.switch.configuration import Configuration
from riostat.switch.demo.guest import Sender
from riostat.switch.demo.scene import SCENE, Scene, scene_ports
from riostat.switch.vhost.frontend import Guest
from tests.switch.switching import running

MACS = {actor.name: bytes.fromhex(actor.mac.replace(":", "")) for actor in SCENE}


def test_the_scene_is_one_that_a_switch_can_have(tmp_path: Path) -> None:
    configuration = Configuration(port=tuple(scene_ports(tmp_path)))
    configuration.check()
    for actor in SCENE:
        assert set(actor.peers) <= set(MACS) - {actor.name}
        assert 14 <= actor.frame_bytes <= 1514


def test_a_sender_keeps_its_rate_and_its_peers(tmp_path: Path, kernels_cache: Path) -> None:
    ports = tuple(scene_ports(tmp_path))
    with (
        running(tmp_path, kernels_cache, Configuration(port=ports)) as switch,
        contextlib.ExitStack() as stack,
    ):
        guests = {
            name: stack.enter_context(Guest.connect(tmp_path / f"{name}.sock", ring_size=256))
            for name in MACS
        }
        senders = {
            name: Sender(
                guest,
                mac=MACS[name],
                peers=[MACS[peer] for peer in sorted(MACS) if peer != name],
                rate_hz=1000,
                frame_bytes=100,
            )
            for name, guest in guests.items()
        }
        for now_ms in range(0, 101, 10):
            for name, sender in senders.items():
                sender.tick(1 + now_ms * 1_000_000)
                count = now_ms
                switch.until(name, lambda port, count=count: port.rx.frames == count)  # type: ignore[misc]  # a default binds it
        for name in MACS:
            switch.until(name, lambda port: port.tx.frames >= 90)


@pytest.mark.parametrize("there", [True, False])
def test_a_guest_ends_with_its_standard_input(
    tmp_path: Path,
    kernels_cache: Path,
    there: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    with contextlib.ExitStack() as stack:
        if there:
            ports = Configuration(port=tuple(scene_ports(tmp_path)))
            switch = stack.enter_context(running(tmp_path, kernels_cache, ports))
        guest = subprocess.Popen(
            [
                *(sys.executable, "-m", "riostat.switch.demo.guest", str(tmp_path / "web.sock")),
                *("--mac=02:00:00:00:00:02", "--peers=02:00:00:00:00:01"),
                *("--rate=100", "--frame-bytes=60"),
            ],
            stdin=subprocess.PIPE,
        )
        if there:
            switch.until("web", lambda port: port.rx.frames > 0)
        assert guest.stdin is not None
        guest.stdin.close()
        assert guest.wait() == 0


def test_guests_rejoin_a_switch_that_comes_back(tmp_path: Path, kernels_cache: Path) -> None:
    configuration = Configuration(port=tuple(scene_ports(tmp_path)))
    with contextlib.ExitStack() as stack:
        for start in (1, 2):
            with running(tmp_path, kernels_cache, configuration) as switch:
                if start == 1:
                    stack.enter_context(Scene(tmp_path))
                pids = {switch.until(name, lambda port: port.tx.frames > 0).pid for name in MACS}
                assert len(pids) == 3
