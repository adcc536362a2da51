"""Which perf maps are taken into a recording."""

import os
import time
from pathlib import Path

import pytest

from riostat.profiler.perfmaps import perf_map_pid, perf_maps

LONG_AGO_NS, HOUR_NS = 10**9, 3600 * 10**9


@pytest.fixture
def processes(tmp_path: Path) -> Path:
    """A stand-in for /proc with one process, which is ours."""
    (tmp_path / "proc" / "7").mkdir(parents=True)
    return tmp_path / "proc"


def _taken(directory: Path, processes: Path, since_ns: int = 0) -> dict[str, bytes]:
    return dict(perf_maps(since_ns=since_ns, directory=directory, processes=processes))


def test_a_living_process_has_its_map_taken_however_old(tmp_path: Path, processes: Path) -> None:
    path = tmp_path / "perf-7.map"
    path.write_bytes(b"1 1 f\n")
    os.utime(path, ns=(LONG_AGO_NS, LONG_AGO_NS))
    (tmp_path / "perf-x.map").write_bytes(b"no process\n")
    (tmp_path / "perf.map").write_bytes(b"no process\n")
    assert _taken(tmp_path, processes, time.time_ns()) == {"perf-7.map": b"1 1 f\n"}


def test_one_that_has_ended_must_have_written_it_meanwhile(tmp_path: Path, processes: Path) -> None:
    (tmp_path / "perf-8.map").write_bytes(b"1 1 f\n")
    assert _taken(tmp_path, processes, time.time_ns() + HOUR_NS) == {}
    assert _taken(tmp_path, processes, time.time_ns() - HOUR_NS) == {"perf-8.map": b"1 1 f\n"}


def test_links_directories_and_large_files_are_not_taken(tmp_path: Path, processes: Path) -> None:
    (tmp_path / "else").write_bytes(b"1 1 f\n")
    (tmp_path / "perf-7.map").symlink_to(tmp_path / "else")
    (tmp_path / "perf-8.map").mkdir()
    with (tmp_path / "perf-9.map").open("wb") as file:
        file.truncate((16 << 20) + 1)
    os.mkfifo(tmp_path / "perf-10.map")
    assert _taken(tmp_path, processes) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to own files as two users")
def test_a_map_of_another_user_is_not_believed(tmp_path: Path, processes: Path) -> None:
    path = tmp_path / "perf-7.map"
    path.write_bytes(b"1 1 f\n")
    os.chown(processes / "7", 65534, 65534)
    assert set(_taken(tmp_path, processes)) == {"perf-7.map"}, "root may write it for anyone"
    os.chown(path, 65533, 65533)
    assert _taken(tmp_path, processes) == {}


def test_only_names_of_the_interface_name_a_process() -> None:
    assert perf_map_pid("perf-12.map") == 12
    assert [perf_map_pid(name) for name in ("perf-0.map", "perf-1.map2", "perf--1.map")] == [
        None
    ] * 3
