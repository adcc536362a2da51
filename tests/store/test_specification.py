"""What a --disk may say."""

from pathlib import Path

import pytest

from riostat.core.errors import DiskError
from riostat.store.specification import DiskSpecification, parse_bytes, parse_disk


def test_a_whole_specification() -> None:
    assert parse_disk("/a/b,capacity=200G,bandwidth=180MB/s,seek=8.5ms,paced") == DiskSpecification(
        Path("/a/b"),
        capacity_bytes=200 * 10**9,
        bandwidth_bps=180 * 10**6,
        seek_ns=8_500_000,
        paced=True,
    )


def test_a_path_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_disk("disk") == DiskSpecification(tmp_path / "disk")


@pytest.mark.parametrize(
    ("text", "count"), [("1", 1), ("4KiB", 4096), ("1.5G", 15 * 10**8), ("2TiB", 2 << 40)]
)
def test_sizes(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "-1", "0", "1X", "1e9", "9999999T", "Mi"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_bytes(text)


@pytest.mark.parametrize(
    "text", ["", "a,", "a,b", "a,capacity=", "a,speed=1", "a,paced=yes", "a,capacity=0", "a\0b"]
)
def test_what_says_nothing(text: str) -> None:
    with pytest.raises(DiskError, match="which says nothing; write PATH"):
        parse_disk(text)


def test_a_paced_disk_needs_a_bandwidth() -> None:
    with pytest.raises(DiskError, match="without a bandwidth"):
        parse_disk("a,paced")
