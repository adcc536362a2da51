"""store.json: what was written is read, and what is no configuration is refused in a sentence."""

from pathlib import Path
from uuid import UUID

import pytest

from riostat.core.errors import StoreError, StoreFormatError
from riostat.store.configuration import (
    CONFIGURATION,
    Configuration,
    DiskRecord,
    read_configuration,
    write_configuration,
)


def test_round_trip(tmp_path: Path) -> None:
    record = DiskRecord(0, "d", str(tmp_path), UUID(int=1), 10, 0)
    written = Configuration(UUID(int=2), 1 << 20, 0.5, 3, (record,))
    write_configuration(tmp_path, written)
    assert read_configuration(tmp_path) == written


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="riostat store init"):
        read_configuration(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"store": 1}', b"\xff"])
def test_foreign_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CONFIGURATION).write_bytes(content)
    with pytest.raises(StoreFormatError, match="cannot be read"):
        read_configuration(tmp_path)
