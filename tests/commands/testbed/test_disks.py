"""riostat testbed disks: for a command, or until Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.testbed.ownership import Owner
from tests.testbed.belongings import belongings
from tests.testbed.rights import needs_disks

pytestmark = pytest.mark.root

DISKS = [sys.executable, "-m", "riostat", "testbed", "disks"]
SMALL = ["--set=20,40", "--size=64MiB"]


def disks(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*DISKS, *arguments], capture_output=True, text=True, check=False)


@needs_disks
def test_a_command_finds_the_disks_and_is_bounded() -> None:
    done = disks(*SMALL, "--", "sh", "-c", "ls $DISKS; cat /proc/self/cgroup; exit 7")
    assert done.returncode == 7
    assert {"disk1", "disk2"} <= set(done.stdout.split())
    assert "/riostat-" in done.stdout
    assert (done.stderr, done.stdout.count("/riostat-")) == ("", 1)


@needs_disks
def test_the_store_takes_them(tmp_path: Path) -> None:
    """An object that is read back past the page cache, with its copies on disks of two speeds."""
    script = tmp_path / "script"
    script.write_text(
        "set -e\n"
        "store() { command=$1; shift; python -m riostat store $command --store S $@; }\n"
        "python -m riostat store init S --disk $DISKS/disk1,bandwidth=20MB/s "
        "--disk $DISKS/disk2,bandwidth=40MB/s\n"
        "head -c 3000000 /dev/urandom > object\n"
        "store put object media/object\n"
        "store get media/object copy\n"
        "cmp object copy\n"
        "store status --json\n"
    )
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [*DISKS, *SMALL, "--", "sh", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout.splitlines()[-1])
    assert [disk["used_bytes"] >= 3_000_000 for disk in status["disks"]] == [True, True]


@needs_disks
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_they_stay_until_they_are_told_to_go(number: int) -> None:
    with subprocess.Popen(
        [*DISKS, *SMALL, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        owner = Owner.of(process.pid)
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert [disk["bytes_per_s"] for disk in said["disks"]] == [20_000_000, 40_000_000]
        for disk in said["disks"]:
            assert Path(disk["path"]).is_mount()
            assert Path(disk["device"]).is_block_device()
        inside = subprocess.Popen(
            ["sh", "-c", 'echo $$ > "$0" && exec sleep 600', said["cgroup_procs"]]
        )
        while str(inside.pid) not in Path(said["cgroup_procs"]).read_text().split():
            pass
        process.send_signal(number)
        assert process.communicate()[1] == "The disks are gone.\n"
        assert inside.wait() == -signal.SIGKILL
    assert process.returncode == 0
    assert belongings(owner.__eq__) == set()


@needs_disks
def test_people_read_where_they_are() -> None:
    with subprocess.Popen(
        [*DISKS, *SMALL], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
    assert [line.split()[0].endswith(f"/disk{n}") for n, line in enumerate(lines, 1)] == [True] * 2
    assert [line.split()[2:] for line in lines] == [["20", "MB/s"], ["40", "MB/s"]]
    assert "Bound a shell, and what it starts, by `echo $$ > /" in said


@needs_disks
def test_a_command_ends_with_them() -> None:
    with subprocess.Popen(
        [*DISKS, *SMALL, "--", "sh", "-c", "echo $$; exec sleep 600"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        sleeping = Owner.of(int(process.stdout.readline()))
        process.terminate()
        assert process.wait() == 128 + signal.SIGTERM
    assert not sleeping.is_alive()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set=ten"], "'ten' is no list of speeds"),
        (["--set=10", "--size=big"], "'big' is no size"),
        ([], "Missing option '--set'"),
    ],
)
def test_wrong_usage_is_refused(arguments: list[str], words: str) -> None:
    done = disks(*arguments)
    assert (done.returncode, words in done.stderr) == (2, True)


def test_a_speed_that_cannot_be_is_refused_in_a_sentence() -> None:
    done = disks("--set=10,0")
    assert done.returncode == 1
    assert done.stderr == (
        "riostat: A disk cannot have 0.0 MB/s; give a speed from 0.1 to 100000 MB/s.\n"
    )
