"""The snapshot of processes and cgroups: what is written is read back, whatever it holds."""

import os
import select
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import RunFormatError
from riostat.profiler.snapshot import (
    NAMESPACES,
    cgroup_entries,
    cgroup_mount,
    parse_cgroups,
    parse_snapshot,
    process_entries,
    unified_path,
)


def test_this_process_is_in_the_snapshot() -> None:
    data = b"".join(process_entries())
    (this,) = [process for process in parse_snapshot(data) if process.pid == os.getpid()]
    assert this.comm == Path("/proc/self/comm").read_bytes().strip()
    assert this.namespaces == {
        kind: Path("/proc/self/ns", kind).stat().st_ino for kind in NAMESPACES
    }
    cgroup = Path("/proc/self/cgroup").read_bytes()
    assert this.cgroup_path == os.fsdecode(unified_path(cgroup))
    lines = this.maps.splitlines()
    assert any(line.endswith(b"[vdso]") for line in lines)
    assert all(b" r-xp " in line or b" --xp " in line or b"x" in line for line in lines)
    executable = os.fsencode(Path(sys.executable).resolve())
    assert any(line.endswith(executable) for line in lines)


def test_processes_that_come_and_go_do_no_harm() -> None:
    burst = "import os\nfor _ in range(300):\n    if os.fork() == 0: os._exit(0)\n    os.wait()"
    with subprocess.Popen([sys.executable, "-c", burst]) as process:
        while process.poll() is None:
            assert parse_snapshot(b"".join(process_entries()))
            select.select([], [], [], 0.001)


@given(st.binary(max_size=200))
def test_hostile_snapshots_are_refused_or_read(data: bytes) -> None:
    for parse in (parse_snapshot, parse_cgroups):
        with suppress(RunFormatError):
            parse(data)


SNAPSHOT = b"".join(process_entries())


@given(st.floats(0, 1, exclude_max=True))
def test_a_snapshot_cut_short_is_refused_unless_between_entries(part: float) -> None:
    with suppress(RunFormatError):
        cut = SNAPSHOT[: int(part * len(SNAPSHOT))]
        assert len(parse_snapshot(cut)) < len(parse_snapshot(SNAPSHOT))


@given(st.dictionaries(st.integers(0, (1 << 64) - 1), st.binary(max_size=30)))
def test_cgroups_are_read_as_they_were_written(cgroups: dict[int, bytes]) -> None:
    data = b"".join(struct.pack("<QI", n, len(path)) + path for n, path in cgroups.items())
    assert parse_cgroups(data) == {n: os.fsdecode(path) for n, path in cgroups.items()}


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b"0::/\n", b"/"),
        (b"4:memory:/a\n1:name=systemd:/b\n0::/user.slice\n", b"/user.slice"),
        (b"10:perf_event:/x\n", b""),
        (b"", b""),
    ],
)
def test_the_unified_path_is_found_among_hierarchies(content: bytes, path: bytes) -> None:
    assert unified_path(content) == path


def test_the_tree_of_cgroups_has_the_identifiers_of_its_directories() -> None:
    mount = cgroup_mount()
    if mount is None:
        pytest.skip("no unified cgroup hierarchy is mounted")
    cgroups = parse_cgroups(b"".join(cgroup_entries(mount)))
    assert cgroups[mount.stat().st_ino] == "/"
    for inode, path in cgroups.items():
        directory = mount / path.lstrip("/")
        assert not directory.exists() or directory.stat().st_ino == inode


def test_a_tree_is_walked_whole(tmp_path: Path) -> None:
    for path in ("a/b/c", "a/d", "e"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "a/file").write_text("")
    found = parse_cgroups(b"".join(cgroup_entries(tmp_path)))
    assert sorted(found.values()) == ["/", "/a", "/a/b", "/a/b/c", "/a/d", "/e"]
    assert all((tmp_path / path[1:]).stat().st_ino == inode for inode, path in found.items())
