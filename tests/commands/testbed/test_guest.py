"""riostat testbed guest."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from riostat.commands.main import run
from riostat.testbed.folders import runtime_folder

QEMU = "qemu-system-x86_64"
pytestmark = [
    pytest.mark.guest,
    pytest.mark.skipif(
        shutil.which(QEMU) is None, reason=f"{QEMU} is missing; install qemu-system-x86"
    ),
]


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with TemporaryDirectory() as folder:  # where no other test has machines
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield runtime_folder()
        assert not list(runtime_folder().iterdir())


def test_a_command_is_run_and_its_status_passed_on(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    assert run(["testbed", "guest", "one", "--run", "hostname; echo no >&2; exit 3"]) == 3
    output = capfdbinary.readouterr()
    assert (output.out, output.err) == (b"one\n", b"no\n")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_guest_ends_with_its_terminal(runtime: Path, ending: signal.Signals) -> None:
    command = [sys.executable, "-m", "riostat", "testbed", "guest", "fore"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "`riostat testbed run fore COMMAND`" in process.stderr.readline()
        os.kill(process.pid, ending)
    assert process.returncode == (-ending if ending is signal.SIGKILL else 0)
    while list(runtime.iterdir()):
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--memory=1"], 1, "at least 64 MiB of memory, not 1"),
        (["--cpus=0"], 1, "1 to 64 CPUs, not 0"),
        (["--net=vhost:nonesuch"], 1, "no socket at"),
        (["--net=nonesuch"], 1, "is none; give vhost:SOCKET"),
        (["--detach", "--run=true"], 2, "exclude each other"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["testbed", "guest", "wrong", *arguments]) == code
    assert words in capsys.readouterr().err


def test_without_qemu_its_package_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["testbed", "guest", "none"]) == 1
    assert "qemu-system-x86_64 is missing; install the package qemu-system-x86" in (
        capsys.readouterr().err
    )


def test_what_follows_the_name_is_the_commands(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["testbed", "guest", "back", "--detach"]) == 0
    try:
        capfdbinary.readouterr()
        assert run(["testbed", "run", "back", "ls", "-i", "--help", "/riostat/init"]) != 2
        assert b"riostat testbed" not in capfdbinary.readouterr().out
        assert run(["testbed", "run", "--timeout", "20", "back", "echo", "--timeout", "1"]) == 0
        assert capfdbinary.readouterr().out == b"--timeout 1\n"
        assert run(["testbed", "run", "back", "poweroff -f"]) == 1
        assert b"Power down" in capfdbinary.readouterr().err
        assert run(["testbed", "list"]) == 0
        assert b"back  has ended  /" in capfdbinary.readouterr().out
    finally:
        run(["testbed", "down", "back"])


def test_input_that_is_too_much_for_a_guest_is_refused() -> None:
    command = [sys.executable, "-m", "riostat", "testbed", "run", "-i", "none", "cat"]
    with Path("/dev/zero").open("rb") as zero:
        done = subprocess.run(command, stdin=zero, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Standard input has more than 256 MiB" in done.stderr
