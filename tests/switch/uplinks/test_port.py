"""A TAP port from its opening to its end."""

import os
import subprocess
from pathlib import Path

import pytest

from riostat.core.errors import SwitchError
from riostat.switch.configuration import Configuration, PortConfiguration
from riostat.switch.control import Attach, Detach, Done, Refused, SetPolicy
from riostat.switch.ports import Policy
from tests.switch.switching import running
from tests.switch.uplinks.namespaces import needs_namespaces

pytestmark = [pytest.mark.root, needs_namespaces]


def links() -> str:
    return subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout


def test_a_device_is_there_for_as_long_as_its_port(tmp_path: Path, kernels_cache: Path) -> None:
    name = f"rio{os.getpid() % 100_000}x"
    port = PortConfiguration(name="x", tap=name, uplink=True)
    with running(tmp_path, kernels_cache, Configuration(port=(port,))) as switch:
        assert f"{name}:" in links()
        assert switch.ask(SetPolicy("x", Policy.COPY)) == Done()
        status = switch.port("x")
        assert (status.role, status.place, status.policy) == ("uplink", name, "copy")
        again = switch.ask(Attach(PortConfiguration(name="y", tap=name)))
        assert isinstance(again, Refused)
        assert "another program holds it" in again.reason
        assert switch.ask(Detach("x")) == Done()
        assert f"{name}:" not in links()
        assert switch.ask(Attach(port)) == Done()
    assert f"{name}:" not in links()
    assert switch.events() == [
        ("attached", "x"),
        ("policy", "x"),
        ("detached", "x"),
        ("attached", "x"),
        ("detached", "x"),
    ]


def test_a_switch_whose_device_cannot_be_opened_does_not_start(
    tmp_path: Path, kernels_cache: Path
) -> None:
    port = PortConfiguration(name="lo", tap="lo")
    with (
        pytest.raises(SwitchError, match="The TAP device lo cannot be opened"),
        running(tmp_path, kernels_cache, Configuration(port=(port,))),
    ):
        pass
    assert list((tmp_path / "switch").iterdir()) == []
