"""A running switch, asked for things over its control socket."""

from pathlib import Path

import pytest

from riostat.core.errors import PortError
from riostat.switch.configuration import Configuration, PortConfiguration, Queues
from riostat.switch.control import Attach, Detach, Done, Refused, SetPolicy
from riostat.switch.ports import Policy
from riostat.switch.vhost.frontend import Guest
from tests.switch.switching import running, vhost


def test_ports_come_and_go(tmp_path: Path, kernels_cache: Path) -> None:
    with running(tmp_path, kernels_cache, Configuration(policy=Policy.COPY)) as switch:
        assert switch.status().ports == ()
        (port,) = vhost(tmp_path, "a")
        assert switch.ask(Attach(port)) == Done()
        assert (switch.port("a").state, switch.port("a").policy) == ("waiting", "copy")
        with Guest.connect(tmp_path / "a.sock") as guest:
            assert switch.port("a").state == "running"
            assert switch.ask(Detach("a")) == Done()
            assert guest.connection.recv(1) == b""
        assert not (tmp_path / "a.sock").exists()
        assert switch.status().ports == ()


@pytest.mark.parametrize(
    ("port", "reason"),
    [
        (PortConfiguration(name="a", vhost="/tmp"), "has a port a already"),
        (PortConfiguration(name="b"), "must be either vhost or tap"),
        (PortConfiguration(name="b", vhost="/proc/none/a.sock"), "cannot be made"),
        (PortConfiguration(name="b", vhost="/dev/null"), "no socket is there"),
    ],
)
def test_a_port_that_cannot_be_is_refused(
    tmp_path: Path, kernels_cache: Path, port: PortConfiguration, reason: str
) -> None:
    configuration = Configuration(port=vhost(tmp_path, "a"))
    with running(tmp_path, kernels_cache, configuration) as switch:
        answer = switch.ask(Attach(port))
        assert isinstance(answer, Refused)
        assert reason in answer.reason
        for request in (Detach("b"), SetPolicy("b", Policy.MAP)):
            answer = switch.ask(request)
            assert answer == Refused("The switch has no port 'b'; its ports are: a.")


def test_a_policy_changes_under_a_guest(tmp_path: Path, kernels_cache: Path) -> None:
    configuration = Configuration(port=vhost(tmp_path, "a"))
    with running(tmp_path, kernels_cache, configuration) as switch:
        with Guest.connect(tmp_path / "a.sock"):
            for policy in Policy:
                assert switch.ask(SetPolicy("a", policy)) == Done()
                assert (switch.port("a").policy, switch.port("a").state) == (policy, "running")
        assert switch.until("a", lambda port: port.state == "waiting").policy == "reuse"


@pytest.mark.parametrize(("queues", "workers"), [(Queues.SHARED, {0}), (Queues.PER_GUEST, {0, 1})])
def test_who_serves_whom(
    tmp_path: Path, kernels_cache: Path, queues: Queues, workers: set[int]
) -> None:
    configuration = Configuration(queues=queues, cpus=(-1, -1), port=vhost(tmp_path, "a", "b"))
    with (
        running(tmp_path, kernels_cache, configuration) as switch,
        Guest.connect(tmp_path / "a.sock"),
        Guest.connect(tmp_path / "b.sock"),
    ):
        status = switch.status()
        assert {port.worker for port in status.ports} == workers
        assert status.queues == queues
        assert [worker.state for worker in status.workers] == ["running", "running"]


def test_one_control_socket_has_one_switch(tmp_path: Path, kernels_cache: Path) -> None:
    with (
        running(tmp_path, kernels_cache, Configuration()) as switch,
        pytest.raises(PortError, match="another program listens on it"),
        running(tmp_path, kernels_cache, Configuration()),
    ):
        pass
    assert switch.events() == []
