"""Manifests: round trip, and hostile ones."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import RunError, RunFormatError
from riostat.core.manifest import MANIFEST_NAME, new_manifest, read_manifest, write_manifest


def test_round_trip(tmp_path: Path) -> None:
    manifest = new_manifest("a", command=["x", "\x1b[0m"], clock=SYSTEM_CLOCK)
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    assert manifest.command == ["x", "\\x1b[0m"]
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST_NAME]


def test_without_a_manifest_there_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        read_manifest(tmp_path)


def test_a_pipe_in_its_place_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MANIFEST_NAME)
    with pytest.raises(RunFormatError):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("started_ns", -1),
        ("started_ns", 2**70),
        ("started_realtime_ns", "now"),
        ("id", "\x1b"),
        ("command", "ls"),
        ("machine", {}),
        ("domains", [{"name": "x", "kind": "unheard-of"}]),
    ],
)
def test_hostile_fields_are_refused(tmp_path: Path, field: str, value: object) -> None:
    write_manifest(tmp_path, new_manifest("a", command=[], clock=SYSTEM_CLOCK))
    path = tmp_path / MANIFEST_NAME
    content = json.loads(path.read_text())
    content[field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(RunFormatError, match="cannot be used"):
        read_manifest(tmp_path)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    directory = tmp_path_factory.mktemp("run")
    (directory / MANIFEST_NAME).write_bytes(content)
    with pytest.raises(RunFormatError) as caught:
        read_manifest(directory)
    assert "\n" not in str(caught.value)
