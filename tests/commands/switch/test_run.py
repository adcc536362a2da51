"""riostat switch run: starts, serves, and leaves nothing behind."""

import signal
from pathlib import Path

import pytest

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.switch.control import read_status
from riostat.switch.status import SwitchStatus
from tests.commands.switch.served import Served, riostat, serving, with_kernels


@pytest.fixture
def data(tmp_path: Path, kernels_cache: Path) -> Path:
    return with_kernels(tmp_path / "data", kernels_cache)


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_without_a_trace(data: Path, number: signal.Signals) -> None:
    with serving(data, "--guest=a=vhost:a.sock", "--cpu=-1", "--cpu=-1") as served:
        assert served.said["state"] == "running"
        status = read_status(Path(served.said["control"]))
        assert status is not None
        assert [port.place for port in status.ports] == [str(data / "a.sock")]
        assert len(status.workers) == 2
        pids = children(served.process.pid)
        assert len(pids) == 2
        assert served.end(number).endswith("The switch has ended.\n")
        assert served.process.returncode == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not (data / "a.sock").exists()
    assert list((data / "switch").iterdir()) == []
    (path,) = RunDirectory(data / "runs").paths()
    assert path.name == served.said["run"]
    assert Run.open(path).state().complete


def test_a_killed_switch_leaves_no_process_and_is_replaced(data: Path) -> None:
    with serving(data, "--demo") as served:
        pids = children(served.process.pid)
        assert len(pids) == 4  # a worker and three guests
        served.end(signal.SIGKILL)
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        pass
    with serving(data, "--demo"):
        pass


def until_frames_move(served: Served) -> SwitchStatus:
    while True:
        status = read_status(Path(served.said["control"]))
        assert status is not None
        if all(port.rx.frames > 100 and port.tx.frames > 100 for port in status.ports):
            return status


def test_the_demonstration_moves_frames(data: Path) -> None:
    with serving(data, "--demo") as served:
        status = until_frames_move(served)
        assert {port.name: port.role for port in status.ports} == {
            "network": "uplink",
            "web": "guest",
            "batch": "guest",
        }
        assert len({port.pid for port in status.ports}) == 3


def test_a_run_that_is_there_is_written_into(data: Path) -> None:
    name, path = RunDirectory(data / "runs").create(command=(), clock=SYSTEM_CLOCK, rolling=True)
    with serving(data, f"--run={path}", "--keep-seconds=60", "--demo") as served:
        assert served.said["run"] == name
        until_frames_move(served)
    names = {channel.name for channel in Run.open(path).state().channels}
    assert {"switch", "switch.web.rx.frames", "switch.network.tx.bytes"} <= names
    assert RunDirectory(data / "runs").paths() == [path]


def test_flags_add_to_the_file(data: Path) -> None:
    (data / "switch.toml").write_text(
        'policy = "copy"\n[[port]]\nname = "file"\nvhost = "file.sock"\npolicy = "map"\n'
    )
    flags = ("switch.toml", "--guest=flag=vhost:flag.sock", "--queues=shared")
    with serving(data, *flags) as served:
        status = read_status(Path(served.said["control"]))
        assert status is not None
        assert status.queues == "shared"
        assert [(port.name, port.policy) for port in status.ports] == [
            ("file", "map"),
            ("flag", "copy"),
        ]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--guest=a"], "riostat: 'a' describes no port"),
        (["--uplink=xdp:a"], "riostat: 'xdp:a' describes no uplink"),
        (["none.toml"], "riostat: The configuration none.toml cannot be read"),
        (["--guest=a=tap:a", "--guest=a=tap:b"], "riostat: Two ports have the name 'a'"),
        (["--guest=a=vhost:none/a.sock"], "cannot be made (No such file or directory)"),
        (["--run=none"], "riostat: "),
    ],
)
def test_what_cannot_be_run_is_one_sentence(data: Path, flags: list[str], message: str) -> None:
    done = riostat(data, "run", *flags)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr.splitlines()[-1]
    assert RunDirectory(data / "runs").paths() == []


def test_a_data_directory_has_one_switch(data: Path) -> None:
    with serving(data) as served:
        second = Served(data)
        assert second.said == {}
        assert "another program listens on it" in second.end()
        assert second.process.returncode == 1
        assert read_status(Path(served.said["control"])) is not None
