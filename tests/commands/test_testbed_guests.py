"""riostat testbed run, put, get, list and down: reaching a guest by its name."""

import json
import shutil
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
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with TemporaryDirectory() as folder:  # where no other test has machines
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield
        assert not list(runtime_folder().iterdir())


def test_other_terminals_reach_a_guest_that_was_left(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["testbed", "guest", "left", "--detach"]) == 0
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"\xff\0")
    source.chmod(0o751)
    assert run(["testbed", "list", "--json"]) == 0
    (row,) = json.loads(capfdbinary.readouterr().out)
    assert row["name"] == "left"
    assert run(["testbed", "put", "left", str(source), "/tmp/file"]) == 0
    assert run(["testbed", "get", "left", "/tmp/file", str(target)]) == 0
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"\xff\0", 0o751)
    assert run(["testbed", "run", "left", "--", "sh", "-c", "cat /tmp/file; kill -9 $$"]) == 137
    assert capfdbinary.readouterr().out == b"\xff\0"
    assert run(["testbed", "run", "left", "head -c 20000000 /dev/zero"]) == 0
    output = capfdbinary.readouterr()
    assert len(output.out) == 16 << 20
    assert output.err == b"riostat: 3222784 more bytes were cut.\n"
    assert run(["testbed", "down", "left"]) == 0
    assert run(["testbed", "list"]) == 0
    assert b"No machine runs" in capfdbinary.readouterr().err
    assert run(["testbed", "run", "left", "true"]) == 1
    assert b"No machine called 'left' runs" in capfdbinary.readouterr().err
