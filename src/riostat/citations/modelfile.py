"""The file of a classifier's weights: small, versioned, and hostile until checked.

::

    magic, 8 bytes | length of the header, u32 LE | header, JSON | n-gram weights, f16 LE
    [BUCKETS, 3] | cue weights, f32 LE [COUNT, 3] | BLAKE2b-128 of everything before

The header names the features that the weights are for: a model that was trained before a cue
changed is refused, not misread. The digest finds damage, not malice; nothing in the file is run.
"""

import hashlib
import math
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from riostat.citations.cues import COUNT
from riostat.citations.features import BUCKETS, FINGERPRINT
from riostat.core.errors import ModelError

__all__ = ["LABELS", "MAX_BYTES", "Header", "Model", "read_model", "write_model"]

LABELS: Final = ("supporting", "contrasting", "mentioning")
"""The order of classes in every array."""

MAX_BYTES: Final = 5_000_000
"""A larger file is no model."""

_MAGIC: Final = b"riocite\x01"
_DIGEST: Final = 16
_MAX_HEADER: Final = 65_536
_NGRAM_BYTES: Final = BUCKETS * 3 * 2
_CUE_BYTES: Final = COUNT * 3 * 4
_MAX_WEIGHT: Final = 1e4


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model is, and how its scores become probabilities.

    Raw scores z become ``softmax(scale * (z + bias))``: calibrated, at natural prevalence. Below
    `confidence` (one per class, in the order of `LABELS`) the classifier abstains.
    """

    name: str
    features: str
    scale: float
    bias: tuple[float, float, float]
    confidence: tuple[float, float, float]
    prevalence: tuple[float, float, float]
    statements: tuple[int, int, int]
    documents: int


class Model(msgspec.Struct, frozen=True, eq=False):
    """A header with its weights: `ngrams` f32[BUCKETS, 3], `cues` f32[COUNT, 3]."""

    header: Header
    ngrams: NDArray[np.float32]
    cues: NDArray[np.float32]


def write_model(model: Model) -> bytes:
    """Return the bytes of a model; n-gram weights are rounded to 16 bits."""
    header = msgspec.json.encode(model.header)
    body = b"".join(
        (
            _MAGIC,
            len(header).to_bytes(4, "little"),
            header,
            model.ngrams.astype("<f2").tobytes(),
            model.cues.astype("<f4").tobytes(),
        )
    )
    return body + hashlib.blake2b(body, digest_size=_DIGEST).digest()


def read_model(path: Path) -> Model:
    """Return the model in a file.

    Raises:
        ModelError: The file is missing, foreign, damaged, or made for other features.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(
            f"The model {path} cannot be read ({error.strerror}); name one that `riostat cite"
            " train` wrote, or leave --model away for the one that ships."
        ) from error
    try:
        return _parse(data)
    except ValueError as error:
        raise ModelError(
            f"The model {path} cannot be used: {error}; make it anew with `riostat cite train`."
        ) from error


def _parse(data: bytes) -> Model:
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")
    if not data.startswith(_MAGIC):
        raise ValueError("it is no classifier of this version of riostat")
    body, digest = data[:-_DIGEST], data[-_DIGEST:]
    if hashlib.blake2b(body, digest_size=_DIGEST).digest() != digest:
        raise ValueError("it is damaged or was cut short")
    start = len(_MAGIC) + 4
    size = int.from_bytes(body[start - 4 : start], "little")
    if size > _MAX_HEADER or len(body) != start + size + _NGRAM_BYTES + _CUE_BYTES:
        raise ValueError(f"its length of {len(data)} bytes is not that of its contents")
    header = _checked_header(body[start : start + size])
    split = start + size + _NGRAM_BYTES
    ngrams = np.frombuffer(body[start + size : split], "<f2").astype(np.float32)
    cues = np.frombuffer(body[split:], "<f4").astype(np.float32)
    for weights in (ngrams, cues):
        if not (np.abs(weights) <= _MAX_WEIGHT).all():
            raise ValueError(f"it has weights that are no numbers within {_MAX_WEIGHT:g}")
    return Model(header, ngrams.reshape(BUCKETS, 3), cues.reshape(COUNT, 3))


def _checked_header(encoded: bytes) -> Header:
    header = msgspec.json.decode(encoded, type=Header)  # its errors are ValueErrors
    if header.features != FINGERPRINT:
        raise ValueError(
            f"it is for features {header.features!r:.40}, this riostat has {FINGERPRINT!r}"
        )
    if not 0 < header.scale <= 100 or not all(abs(bias) <= 100 for bias in header.bias):
        raise ValueError("its calibration is out of bounds")
    shares = (*header.confidence, *header.prevalence)
    if not all(0 <= share <= 1 for share in shares):
        raise ValueError("its confidences or prevalences are not within 0..1")
    if not math.isclose(sum(header.prevalence), 1.0, abs_tol=1e-6):
        raise ValueError("its prevalences do not add up to 1")
    return header
