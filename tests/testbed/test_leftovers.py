"""What dead owners have left goes; what has a living owner, or none of ours, stays."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from riostat.testbed.folders import OUTSIDE_FILE, OWNER_FILE, new_machine_folder, runtime_folder
from riostat.testbed.leftovers import Leftover, sweep
from riostat.testbed.marks import alias_of, interim_device_name, new_mark
from riostat.testbed.network.netlink import NAMESPACES
from riostat.testbed.ownership import Owner
from riostat.testbed.processes import inode_of, processes_in_namespace
from tests.testbed.belongings import belongings
from tests.testbed.rights import needs_root

SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def dead() -> Owner:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        return Owner.of(process.pid)


class Dying:
    """An owner that lives until `end`, so that no other test's sweep is faster."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        self.owner = Owner.of(self._process.pid)

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture
def dying() -> Iterator[Dying]:
    made = Dying()
    yield made
    made.end()


@pytest.fixture(autouse=True)
def own_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


def test_nothing_is_nothing() -> None:
    assert [found for found in sweep() if runtime_folder() in found.path.parents] == []


def test_the_folder_of_a_dead_machine_goes_with_its_processes(dead: Owner) -> None:
    folder = new_machine_folder("guest", dead)
    (folder / "console").write_text("x")
    with (
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as member,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as stranger,
    ):
        same_id = Owner(stranger.pid, Owner.of(stranger.pid).start_ticks + 1)
        marks = [Owner.of(member.pid).mark, same_id.mark, dead.mark, "nonsense"]
        (folder / "processes").write_text("\n".join(marks))
        assert Leftover("folder", folder, "") in sweep()
        assert member.wait() == -signal.SIGKILL
        stranger.communicate()
        assert stranger.returncode == 0
    assert not folder.exists()


def test_a_living_machine_stays() -> None:
    folder = new_machine_folder("guest", Owner.of(os.getpid()))
    (folder / "processes").write_text(Owner.of(os.getpid()).mark)
    sweep()
    assert (folder / OWNER_FILE).exists()


def test_a_folder_that_was_never_finished_goes(dead: Owner) -> None:
    draft = runtime_folder() / new_mark(dead)
    living = runtime_folder() / new_mark()
    draft.mkdir()
    living.mkdir()
    sweep()
    assert not draft.exists()
    assert living.exists()


@pytest.mark.parametrize("content", [b"", b"1", b"\xff", b"0-0", b"99999999999-1"])
def test_a_folder_whose_owner_cannot_be_read_stays(content: bytes) -> None:
    folder = runtime_folder() / "guest-0000"
    folder.mkdir()
    (folder / OWNER_FILE).write_bytes(content)
    (runtime_folder() / "empty").mkdir()
    (runtime_folder() / "file").touch()
    sweep()
    assert folder.exists()
    assert len(list(runtime_folder().iterdir())) == 3


@pytest.mark.parametrize("name", ["/", "/tmp", "riostat-1-2-3", "../riostat"])
def test_only_a_marked_folder_outside_goes(tmp_path: Path, dead: Owner, name: str) -> None:
    outside = tmp_path / "outside" / name.removeprefix("/")
    outside.mkdir(parents=True)
    marked = tmp_path / new_mark(dead)
    living = tmp_path / new_mark()
    for backing in (outside, marked, living):
        backing.mkdir(exist_ok=True)
        folder = new_machine_folder("disks", dead)
        (folder / "backing").write_text(str(backing))
    sweep()
    assert outside.exists() or name == "riostat-1-2-3"  # process 1 did not start at tick 2
    assert living.exists()
    assert not marked.exists()


def test_sockets_outside_go_with_their_machine_and_files_stay(tmp_path: Path, dead: Owner) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
        left.bind(str(tmp_path / "wire"))
    (tmp_path / "file").touch()
    folder = new_machine_folder("guest", dead)
    (folder / OUTSIDE_FILE).write_text(f"{tmp_path}/wire\n{tmp_path}/file\n{tmp_path}/none\n")
    assert [one.path for one in sweep()] == [folder]
    assert [path.name for path in tmp_path.iterdir() if path.is_file() or path.is_socket()] == [
        "file"
    ]


def test_shared_memory_goes_with_its_owner(dead: Owner) -> None:
    gone = SHARED_MEMORY / new_mark(dead)
    stays = SHARED_MEMORY / new_mark()
    foreign = SHARED_MEMORY / f"rio-{new_mark(dead)}"
    for file in (gone, stays, foreign):
        file.touch()
    try:
        sweep()
        assert [file.exists() for file in (gone, stays, foreign)] == [False, True, True]
    finally:
        stays.unlink()
        foreign.unlink()


@pytest.mark.root
@needs_root
def test_namespaces_go_with_their_owners_and_no_others(dying: Dying) -> None:
    dead = dying.owner
    names = [new_mark(dead), new_mark(), f"rio{os.getpid()}", f"{alias_of(dead)}-x"]
    for name in names:
        ip("netns", "add", name)
    never_mounted = NAMESPACES / new_mark(dead)
    never_mounted.touch()
    inside = ["ip", "netns", "exec", names[0], "sleep", "600"]
    with subprocess.Popen(inside) as process:
        while not processes_in_namespace(inode_of(NAMESPACES / names[0])):
            pass
        dying.end()
        sweep()
        assert process.wait() == -signal.SIGKILL
    try:
        assert [(NAMESPACES / name).exists() for name in names] == [False, True, True, True]
        assert not never_mounted.exists()
    finally:
        for name in names[1:]:
            ip("netns", "delete", name)


@pytest.mark.root
@needs_root
def test_devices_go_with_their_owners_and_no_others(dying: Dying) -> None:
    dead = dying.owner
    here = Owner.of(os.getpid())
    short = f"rio{os.getpid() % 100_000}"
    aliases = {
        f"{short}d": alias_of(dead),
        f"{short}l": alias_of(here),
        f"{short}f": f"of {alias_of(dead)}",
        f"{short}n": "",
        interim_device_name(dead): "",
        interim_device_name(here): "",
    }
    for name, alias in aliases.items():
        ip("tuntap", "add", "mode", "tap", "name", name)
        if alias:
            ip("link", "set", name, "alias", alias)
    dying.end()
    sweep()
    left = [name for name in aliases if Path("/sys/class/net", name).exists()]
    for name in left:
        ip("link", "delete", name)
    assert left == [f"{short}l", f"{short}f", f"{short}n", interim_device_name(here)]


_BUSY = """
import os, sys
from pathlib import Path
from riostat.testbed.disks import UnequalDisks
from riostat.testbed.folders import new_machine_folder
from riostat.testbed.marks import new_mark
from riostat.testbed.network.devices import Network
from riostat.testbed.network.namespace import Namespace
from riostat.testbed.ownership import Owner
import pyroute2
print("ready", flush=True)
sys.stdin.readline()
n = 0
while True:
    n += 1
    with Namespace() as a, Namespace() as b, Network() as host:
        host.add_tap(f"rt{os.getpid() % 1000000}{n % 10}")
        host.add_bridge(f"rb{os.getpid() % 1000000}{n % 10}")
        a.add_veth("a", b, "b", address="10.8.0.1/24")
        a.start("sleep", "600")
        Path("/dev/shm", new_mark()).touch()
        new_machine_folder("guest", Owner.of(os.getpid()))
        if sys.argv[1] == "disks":
            with UnequalDisks([10.0, 20.0], size_bytes=8 << 20) as disks:
                disks.start("sleep", "600", cwd=disks.paths[0])
"""


def started(work: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _BUSY, work],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def killed_somewhere(work: str, random_s: random.Random) -> Owner:
    """Run what makes and removes things, and kill it at any point of that."""
    with started(work) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        owner = Owner.of(process.pid)
        process.stdin.write("\n")
        process.stdin.flush()
        time.sleep(random_s.uniform(0.0, 0.6))
        process.kill()
    return owner


@pytest.mark.root
@needs_root
@pytest.mark.parametrize("work", ["networks", "disks"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_any_point_nothing_stays(seed: int, work: str) -> None:
    rounds = random.Random(seed)
    with ThreadPoolExecutor(3) as pool:
        owners = set(pool.map(lambda _: killed_somewhere(work, rounds), range(3)))
        list(pool.map(lambda _: sweep(), range(3)))
    # Other tests sweep, too, and what they are just removing is still to be seen.
    ending_s = time.monotonic() + 20
    while left := belongings(owners.__contains__):
        assert time.monotonic() < ending_s, left


@pytest.mark.soak
@pytest.mark.root
@needs_root
def test_killed_at_any_of_many_points_nothing_stays() -> None:
    for seed in range(200):
        test_killed_at_any_point_nothing_stays(seed, "disks")
