"""A model's file is read as it was written, or refused with a sentence."""

import contextlib
import hashlib
import random
from pathlib import Path

import msgspec
import numpy as np
import pytest

from riostat.citations.cues import COUNT
from riostat.citations.features import BUCKETS, FINGERPRINT
from riostat.citations.modelfile import MAX_BYTES, Header, Model, read_model, write_model
from riostat.core.errors import ModelError

HEADER = Header(
    name="linear-test",
    features=FINGERPRINT,
    scale=1.5,
    bias=(0.5, -0.25, 0.0),
    confidence=(0.5, 0.5, 0.5),
    prevalence=(0.25, 0.25, 0.5),
    statements=(1, 2, 3),
    documents=4,
)


def _model(header: Header = HEADER) -> Model:
    generator = np.random.default_rng(1)
    ngrams = generator.normal(size=(BUCKETS, 3)).astype(np.float16).astype(np.float32)
    return Model(header, ngrams, generator.normal(size=(COUNT, 3)).astype(np.float32))


def _signed(body: bytes) -> bytes:
    return body + hashlib.blake2b(body, digest_size=16).digest()


def _refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        read_model(path)
    return str(caught.value)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    model, path = _model(), tmp_path / "m"
    path.write_bytes(write_model(model))
    read = read_model(path)
    assert read.header == model.header
    assert np.array_equal(read.ngrams, model.ngrams)
    assert np.array_equal(read.cues, model.cues)
    assert path.stat().st_size < MAX_BYTES


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"features": "other"}, "it is for features 'other'"),
        ({"scale": 0.0}, "its calibration is out of bounds"),
        ({"bias": (1e9, 0.0, 0.0)}, "its calibration is out of bounds"),
        ({"confidence": (2.0, 0.0, 0.0)}, "not within 0..1"),
        ({"prevalence": (0.5, 0.5, 0.5)}, "do not add up to 1"),
    ],
)
def test_a_header_that_cannot_be_is_refused(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    header = msgspec.structs.replace(HEADER, **change)
    assert reason in _refusal(tmp_path / "m", write_model(_model(header)))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    model = _model()
    model.cues[0, 0] = np.nan
    assert "no numbers" in _refusal(tmp_path / "m", write_model(model))


def test_foreign_and_damaged_files_are_refused(tmp_path: Path) -> None:
    data, path = write_model(_model()), tmp_path / "m"
    with pytest.raises(ModelError, match="cannot be read"):
        read_model(tmp_path / "none")
    assert "no classifier of this version" in _refusal(path, b"")
    assert "no classifier of this version" in _refusal(path, b"\x89PNG")
    assert "damaged" in _refusal(path, data[:-1])
    assert "larger" in _refusal(path, data + bytes(MAX_BYTES))
    assert "length" in _refusal(path, _signed(data[:-17]))
    assert "length" in _refusal(path, _signed(data[:8] + b"\xff\xff\xff\xff" + data[12:-16]))


def test_noise_is_never_taken_for_a_model(tmp_path: Path) -> None:
    data, path = write_model(_model()), tmp_path / "m"
    generator = random.Random(7)
    size = int.from_bytes(data[8:12], "little")
    for _ in range(60):
        body = bytearray(data[:-16])
        for _ in range(generator.randint(1, 4)):
            body[generator.randrange(12 + size)] = generator.randrange(256)
        path.write_bytes(_signed(bytes(body)))
        with contextlib.suppress(ModelError):
            read_model(path)
