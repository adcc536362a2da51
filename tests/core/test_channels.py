"""Payloads of channels: round trips, and refusals of what is not theirs."""

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.channels import (
    ChannelDeclaration,
    ChannelKind,
    Event,
    decode_artefact,
    decode_declaration,
    decode_event,
    decode_histogram,
    decode_points,
    encode_artefact,
    encode_event,
    encode_histogram,
    encode_object,
    encode_points,
)
from riostat.core.errors import RunFormatError

TIMES = st.integers(0, 2**63)
NAMES = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=50)


@given(st.lists(st.tuples(TIMES, st.floats(allow_nan=False))))
def test_points(points: list[tuple[int, float]]) -> None:
    encoded = encode_points(points)
    assert list(decode_points(encoded)) == points
    assert list(decode_points(encoded + b"torn")) == points


@given(TIMES, NAMES, st.dictionaries(NAMES, st.one_of(NAMES, st.integers(), st.floats(-1, 1))))
def test_events(time_ns: int, name: str, fields: dict[str, str | int | float]) -> None:
    assert decode_event(encode_event(time_ns, name, fields)) == Event(time_ns, name, fields)


@given(TIMES, st.binary())
def test_histograms(time_ns: int, encoded: bytes) -> None:
    assert decode_histogram(encode_histogram(time_ns, encoded)) == (time_ns, encoded)


@given(NAMES, st.integers(0, 2**32 - 1), st.binary())
def test_artefacts(name: str, part: int, data: bytes) -> None:
    payload = memoryview(encode_artefact(name, part) + data)
    found, number, content = decode_artefact(payload)
    assert (found, number, bytes(content)) == (name, part, data)


@given(NAMES, st.sampled_from(ChannelKind), NAMES, NAMES)
def test_declarations(name: str, kind: ChannelKind, unit: str, encoding: str) -> None:
    payload = encode_object({"name": name, "kind": kind, "unit": unit, "encoding": encoding})
    assert decode_declaration(payload) == ChannelDeclaration(name, kind, unit, encoding)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"name": 1, "kind": "series"}',
        b'{"name": "", "kind": "series"}',
        b'{"name": "x", "kind": "unheard-of"}',
        b'{"name": "x", "kind": ["series"]}',
        json.dumps({"name": "x" * 201, "kind": "series"}).encode(),
    ],
)
def test_foreign_declarations_and_events_are_refused(payload: bytes) -> None:
    with pytest.raises(RunFormatError):
        decode_declaration(payload)
    with pytest.raises(RunFormatError):
        decode_event(payload)


@given(st.binary(max_size=40))
def test_any_bytes_decode_or_are_refused(payload: bytes) -> None:
    for decode in (decode_event, decode_declaration, decode_histogram, decode_artefact):
        with suppress(RunFormatError):
            decode(memoryview(payload))
    assert all(math.isfinite(time_ns) for time_ns, _ in decode_points(payload))
