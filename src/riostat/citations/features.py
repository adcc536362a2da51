"""What the classifier sees of a statement: hashed n-grams of words and characters, and cues.

N-grams are counted without a vocabulary: each is hashed into one of `BUCKETS` (Weinberger et al.,
"Feature hashing for large scale multitask learning", ICML 2009), whole batches at once. A prefix
sum over all code points gives the polynomial hash of any substring (Karp and Rabin, "Efficient
randomized pattern-matching algorithms", IBM Journal of Research and Development 31, 1987, here
modulo 2^64 and mixed afterwards), so no n-gram is ever cut out of the text.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from riostat.citations.cues import COUNT, TABLES, cues
from riostat.citations.masking import MASKS, TARGET, mask, words

__all__ = ["BUCKETS", "FINGERPRINT", "Citing", "Features", "features"]

BUCKETS: Final = 1 << 16
"""How many different n-grams are told apart."""

_Words: TypeAlias = NDArray[np.uint64]
_Places: TypeAlias = NDArray[np.int64]

_MAX_WORDS = 200
_NEAR = 8
_MULTIPLIER = 0xD1342543DE82EF95
_ODD = np.uint64(0x9E3779B97F4A7C15)
_BASE = np.uint64(_MULTIPLIER)
_INVERSE = np.uint64(pow(_MULTIPLIER, -1, 1 << 64))
_SHIFT = np.uint64(64 - 16)
_SPACE = ord(" ")


class Citing(Protocol):
    """What the classifier reads of a statement; offsets are code points of `sentence`."""

    @property
    def sentence(self) -> str:
        """The citing sentence."""

    @property
    def start(self) -> int | None:
        """Where the marker of the target begins."""

    @property
    def end(self) -> int | None:
        """Where it ends."""

    @property
    def others(self) -> Sequence[tuple[int, int]]:
        """Start and end of the markers of other citations, as far as they are known."""

    @property
    def previous(self) -> str | None:
        """The sentence before."""

    @property
    def next(self) -> str | None:
        """The sentence after."""

    @property
    def section(self) -> str | None:
        """The heading of the section."""


@dataclass(frozen=True, slots=True)
class Features:
    """Features of n statements: n-grams in rows of a sparse matrix, and cues.

    `rows` (i64[m]), `buckets` (i64[m]) and `values` (f32[m]) are the matrix's entries, `cues` is
    f32[n, COUNT].
    """

    rows: _Places
    buckets: _Places
    values: NDArray[np.float32]
    cues: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Field:
    """Which n-grams are counted in one of a statement's texts, and with what weight."""

    text: int
    words: tuple[int, ...]
    characters: tuple[int, ...]
    weight: float


_SENTENCE, _BEFORE, _AFTER, _PREVIOUS, _NEXT = range(5)
_FIELDS: Final = (
    _Field(_SENTENCE, (1, 2, 3), (), 1.0),
    _Field(_SENTENCE, (), (3, 4, 5), 1.0),
    _Field(_BEFORE, (1, 2), (), 0.7),
    _Field(_AFTER, (1, 2), (), 0.5),
    _Field(_PREVIOUS, (1, 2), (), 0.5),
    _Field(_NEXT, (1, 2), (), 0.4),
)

FINGERPRINT: Final = hashlib.blake2b(
    repr((BUCKETS, _NEAR, _MAX_WORDS, _FIELDS, MASKS, TABLES)).encode(), digest_size=6
).hexdigest()
"""Changes when features do: weights belong to the features that they were trained on."""


def features(statements: Iterable[Citing]) -> Features:
    """Return the features of some statements; a few thousand at a time are quickest."""
    texts: list[list[str]] = [[] for _ in range(5)]
    shown = []
    for statement in statements:
        masked = mask(statement.sentence, statement.start, statement.end, statement.others)
        tokens = words(masked)[:_MAX_WORDS]
        at = tokens.index(TARGET) if TARGET in tokens else len(tokens)
        text, left, right = " ".join(tokens), _text(statement.previous), _text(statement.next)
        before, after = tokens[max(at - _NEAR, 0) : at], tokens[at + 1 : at + 1 + _NEAR]
        for column, value in zip(
            texts, (text, " ".join(before), " ".join(after), left, right), strict=True
        ):
            column.append(value)
        shown.append(cues(text, left, right, statement.section))
    parts = [_count(texts[field.text], field, salt) for salt, field in enumerate(_FIELDS, start=1)]
    return Features(
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        np.array(shown, np.float32).reshape(-1, COUNT),
    )


def _text(sentence: str | None) -> str:
    return " ".join(words(mask(sentence or "", None, None))[:_MAX_WORDS])


def _count(
    texts: list[str], field: _Field, salt: int
) -> tuple[_Places, _Places, NDArray[np.float32]]:
    """Return rows, buckets and values of one field; each row has the field's weight as its norm."""
    lengths = np.array([len(text) + 2 for text in texts], np.int64)
    # Each text stands between spaces, so that the ends of words look alike everywhere.
    codes = np.frombuffer("".join(f" {text} " for text in texts).encode("utf-32-le"), np.uint32)
    if not len(codes):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
    row_of = np.repeat(np.arange(len(lengths)), lengths)
    substrings = _Substrings(codes, row_of)
    keys = [substrings.of_words(size, salt) for size in field.words]
    keys += [substrings.of_characters(size, salt) for size in field.characters]
    unique, counts = np.unique(np.concatenate(keys), return_counts=True)
    rows, buckets = np.divmod(unique, BUCKETS)
    values = 1.0 + np.log(counts)
    norm = np.sqrt(np.bincount(rows, values * values, minlength=len(lengths)))
    return rows, buckets, (field.weight * values / norm[rows]).astype(np.float32)


class _Substrings:
    """Hashes of the n-grams of many texts, as row * BUCKETS + bucket."""

    def __init__(self, codes: NDArray[np.uint32], row_of: _Places) -> None:
        self._row_of = row_of
        self._spaces = np.concatenate(([0], np.cumsum(codes == _SPACE)))
        letters = (codes.astype(np.uint64) + np.uint64(1)) * _ODD
        letters ^= letters >> np.uint64(29)
        powers = np.full(len(codes), _BASE)
        powers[0] = 1
        self._prefix = np.concatenate(
            (np.zeros(1, np.uint64), np.cumsum(letters * np.cumprod(powers), dtype=np.uint64))
        )
        powers[1:] = _INVERSE
        self._inverse = np.cumprod(powers)
        space = codes == _SPACE
        edges = np.flatnonzero(space)
        long = np.diff(edges) > 1
        self._starts = edges[:-1][long] + 1
        self._ends = edges[1:][long]

    def of_words(self, size: int, salt: int) -> _Places:
        """Return every run of `size` words of one text."""
        starts, ends = self._starts, self._ends
        starts, ends = starts[: len(starts) - size + 1], ends[size - 1 :]
        same = self._row_of[starts] == self._row_of[ends - 1]
        return self._keys(starts[same], ends[same], salt * 16 + size)

    def of_characters(self, size: int, salt: int) -> _Places:
        """Return every run of `size` characters of one word with the spaces around it."""
        starts = np.arange(len(self._row_of) - size + 1)
        ends = starts + size
        inner = self._spaces[ends - 1] == self._spaces[starts + 1]
        starts, ends = starts[inner], ends[inner]
        return self._keys(starts, ends, salt * 16 + 8 + size)

    def _keys(self, starts: _Places, ends: _Places, salt: int) -> _Places:
        hashes = (self._prefix[ends] - self._prefix[starts]) * self._inverse[starts]
        hashes ^= np.uint64(salt * _MULTIPLIER % (1 << 64))
        hashes ^= hashes >> np.uint64(32)
        hashes *= _ODD
        hashes ^= hashes >> np.uint64(29)
        hashes *= _BASE
        buckets = (hashes >> _SHIFT).astype(np.int64)
        return self._row_of[starts] * BUCKETS + buckets
