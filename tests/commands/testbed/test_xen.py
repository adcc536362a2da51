"""A Xen host on the command line: it outlives the command that started it."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.testbed.ownership import Owner

pytestmark = [pytest.mark.xen, pytest.mark.timeout(400)]


@pytest.fixture
def name() -> Iterator[str]:
    """Name a host, and end it after the test if it runs still."""
    chosen = f"cli-{secrets.token_hex(3)}"
    yield chosen
    _xen("down", "--name", chosen)


def _xen(*words: str, data: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "riostat", "testbed", "xen", *words],
        input=data,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_host_each_command_says_how_to_start_one(tmp_path: Path) -> None:
    source = tmp_path / "file"
    source.touch()
    for words in (("status",), ("run", "true"), ("put", str(source), "/run/file")):
        done = _xen(words[0], "--name", "none", *words[1:])
        assert done.returncode == 1
        assert done.stderr.startswith("riostat: No Xen host called 'none' runs; start one with ")


def test_a_host_stays_until_it_is_put_down(name: str, tmp_path: Path) -> None:
    up = _xen("up", "--name", name, "--json")
    assert up.returncode == 0, up.stderr
    started = json.loads(up.stdout)
    assert (started["name"], started["domains"]) == (name, ["Domain-0", "u1"])
    assert Path(started["qmp"]).is_socket()
    process = Owner.of(started["pid"])

    again = _xen("up", "--name", name)
    assert again.returncode == 1
    assert f"A machine called {name} runs already" in again.stderr
    assert process.is_alive()

    told = _xen("run", "--name", name, "-i", "cat; exit 3", data="to dom0")
    assert (told.returncode, told.stdout) == (3, "to dom0")
    inside = _xen("run", "--name", name, "--domain", "u1", "uname", "-r")
    assert (inside.returncode, inside.stdout[-12:]) == (0, "cloud-amd64\n")
    unknown = _xen("run", "--name", name, "--domain", "u7", "true")
    assert (unknown.returncode, unknown.stderr[:44]) == (
        1,
        "riostat: The Xen host has no domain named 'u",
    )
    late = _xen("run", "--name", name, "--timeout", "0.5", "sleep 600")
    assert late.returncode == 1
    assert "did not end within 0.5 s" in late.stderr

    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho it runs\n")
    program.chmod(0o755)
    for domain in ("Domain-0", "u1"):
        put = _xen("put", "--name", name, "--domain", domain, str(program), "/run/program")
        assert put.returncode == 0, put.stderr
        ran = _xen("run", "--name", name, "--domain", domain, "/run/program")
        assert ran.stdout == "it runs\n"

    status = json.loads(_xen("status", "--name", name, "--json").stdout)
    assert [domain["name"] for domain in status["domains"]] == ["Domain-0", "u1"]
    assert "u1" in _xen("status", "--name", name).stdout

    assert _xen("down", "--name", name).returncode == 0
    assert not process.is_alive()
    assert not Path(started["qmp"]).parent.exists()


@pytest.mark.parametrize("domain", ["Domain-0", "u1"])
def test_two_terminals_at_a_time_are_served(name: str, domain: str) -> None:
    _xen("up", "--name", name)
    where = ("--name", name, "--domain", domain)
    program = [sys.executable, "-m", "riostat", "testbed", "xen", "run", *where, "sleep 0.3; date"]
    for _ in range(4):
        with subprocess.Popen(program, stdout=subprocess.PIPE) as first:
            second = _xen("run", *where, "echo here")
            assert (second.returncode, second.stdout) == (0, "here\n"), second.stderr
            assert first.communicate()[0]
