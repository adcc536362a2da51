"""A histogram of whole numbers over the full range of u64, with a bound on its quantiles' error.

Buckets are those of a log-linear mapping: each power of two is cut into 128 equal buckets, so a
bucket's width is at most 1/128 of its lower end, and the middle of the bucket lies within 1/256
of every value in it. This makes it an alpha-accurate quantile sketch in the sense of Masson, Rim
and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees"
(PVLDB 12, 2019, definition 1), with alpha = 1/256, no collapsing and a fixed size. Values below
256 are exact. What a value counts (nanoseconds, bytes) is the channel's unit.
"""

import struct
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from riostat.core.errors import RunFormatError

__all__ = ["RELATIVE_ERROR", "LogHistogram"]

RELATIVE_ERROR: Final = 1 / 256
"""Bound on |estimate - value| / value of `LogHistogram.quantile`."""

_Values: TypeAlias = NDArray[np.integer] | Sequence[int]

_BITS = 7
_BUCKETS = (64 - _BITS + 1) << _BITS
_COARSE = (1 << _BITS) // 4
_VALUE_MAX = (1 << 64) - 1
_TOTAL_MAX = (1 << 63) - 1

_HEADER = struct.Struct("<4sBBHQQ")
_MAGIC = b"RIOH"
_VERSION = 1
_PAIR = np.dtype([("bucket", "<u2"), ("count", "<u8")])


class LogHistogram:
    """Counts of u64 values in 7424 buckets (58 KiB), mergeable without loss.

    `count` is how many values were recorded, `minimum` and `maximum` are the exact extremes (of
    an empty histogram 2**64-1 and 0), `buckets` are the counts (u64[7424]).
    """

    __slots__ = ("buckets", "count", "maximum", "minimum")

    def __init__(self) -> None:
        self.buckets: NDArray[np.uint64] = np.zeros(_BUCKETS, np.uint64)
        self.count = 0
        self.minimum = _VALUE_MAX
        self.maximum = 0

    def record(self, value: int) -> None:
        """Count one value of 0..2**64-1."""
        assert 0 <= value <= _VALUE_MAX, value
        self.buckets[_bucket(value)] += np.uint64(1)
        self.count += 1
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)

    def record_many(self, values: _Values) -> None:
        """Count the values of an array of whole numbers, none below zero."""
        array = np.asarray(values)
        if not array.size:
            return
        assert array.dtype.kind == "u" or (array.dtype.kind == "i" and array.min() >= 0)
        array = array.astype(np.uint64)
        self.buckets += np.bincount(_bucket_many(array), minlength=_BUCKETS).astype(np.uint64)
        self.count += array.size
        self.minimum = min(self.minimum, int(array.min()))
        self.maximum = max(self.maximum, int(array.max()))

    def merge(self, other: "LogHistogram") -> None:
        """Add the counts of another histogram; the order of merging does not matter.

        Raises RunFormatError, before anything is changed, when the sum exceeds 2**63-1 values:
        only a hostile file counts so many.
        """
        if self.count + other.count > _TOTAL_MAX:
            raise RunFormatError(
                f"Histograms of {self.count + other.count} values cannot be merged; "
                "one of them is foreign."
            )
        self.buckets += other.buckets
        self.count += other.count
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)

    def quantile(self, quantile: float) -> int:
        """Return the value at rank floor(quantile * (count - 1)) within RELATIVE_ERROR.

        `quantile` is 0..1; 0 and 1 give the exact extremes. Asking an empty histogram is a bug.
        """
        assert self.count, "an empty histogram has no quantiles"
        assert 0 <= quantile <= 1, quantile
        rank = min(int(quantile * (self.count - 1)), self.count - 1)
        if rank == 0:
            return self.minimum
        if rank == self.count - 1:
            return self.maximum
        bucket = int(np.searchsorted(np.cumsum(self.buckets), np.uint64(rank), side="right"))
        return min(max(_middle(bucket), self.minimum), self.maximum)

    def coarse(self) -> list[tuple[int, int, int]]:
        """Return (from, up to, count) of quarters of powers of two that have values, in order.

        Below 256 they are 32 values wide; there are at most 232 of them.
        """
        counts = self.buckets.reshape(-1, _COARSE).sum(axis=1)
        return [
            (_lower_edge(part * _COARSE), _lower_edge((part + 1) * _COARSE), int(counts[part]))
            for part in np.flatnonzero(counts).tolist()
        ]

    def encode(self) -> bytes:
        """Return header (magic, version, bits, extremes) and the buckets in use, little-endian."""
        used = np.flatnonzero(self.buckets)
        pairs = np.empty(used.size, _PAIR)
        pairs["bucket"] = used
        pairs["count"] = self.buckets[used]
        header = _HEADER.pack(_MAGIC, _VERSION, _BITS, used.size, self.minimum, self.maximum)
        return header + pairs.tobytes()

    @classmethod
    def decode(cls, encoded: bytes) -> "LogHistogram":
        """Return the histogram that `encode` wrote, or raise RunFormatError."""
        if len(encoded) < _HEADER.size:
            raise _foreign(f"its {len(encoded)} bytes are shorter than a header")
        magic, version, bits, used, minimum, maximum = _HEADER.unpack_from(encoded)
        if (magic, version, bits) != (_MAGIC, _VERSION, _BITS):
            raise _foreign(f"it starts with {encoded[:6].hex()}")
        if len(encoded) != _HEADER.size + used * _PAIR.itemsize:
            raise _foreign(f"{len(encoded)} bytes do not hold {used} buckets")
        pairs = np.frombuffer(encoded, _PAIR, used, _HEADER.size)
        buckets, counts = pairs["bucket"].astype(np.int64), pairs["count"]
        total = sum(counts.tolist())
        if used and not (
            (np.diff(buckets) > 0).all()
            and counts.all()
            and total <= _TOTAL_MAX
            and (buckets[0], buckets[-1]) == (_bucket(minimum), _bucket(maximum))
            and minimum <= maximum
        ):
            raise _foreign("its buckets contradict one another")
        if not used and (minimum, maximum) != (_VALUE_MAX, 0):
            raise _foreign("it is empty but has extremes")
        histogram = cls()
        histogram.buckets[buckets] = counts
        histogram.count = total
        histogram.minimum, histogram.maximum = minimum, maximum
        return histogram


def _bucket(value: int) -> int:
    exponent = max(value.bit_length() - 1 - _BITS, 0)
    return (exponent << _BITS) + (value >> exponent)


def _bucket_many(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    # Clearing the lower of two neighbouring ones keeps the conversion to float from rounding
    # up to the next power of two.
    bits = np.frexp((values & ~(values >> np.uint64(1))).astype(np.float64))[1]
    exponent = np.maximum(bits - 1 - _BITS, 0).astype(np.uint64)
    buckets: NDArray[np.int64] = ((exponent << np.uint64(_BITS)) + (values >> exponent)).astype(
        np.int64
    )
    return buckets


def _lower_edge(bucket: int) -> int:
    exponent = max((bucket >> _BITS) - 1, 0)
    return (bucket - (exponent << _BITS)) << exponent


def _middle(bucket: int) -> int:
    exponent = max((bucket >> _BITS) - 1, 0)
    return _lower_edge(bucket) + (((1 << exponent) - 1) >> 1)


def _foreign(why: str) -> RunFormatError:
    return RunFormatError(f"A histogram cannot be read: {why}; the file is damaged or foreign.")
