"""The different values among many, or the different rows, and which of them each is."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["distinct", "distinct_rows", "slices"]

_SPREAD_MIN = 1 << 16
# Rows that are taken at a time: what is made of so many on the way stays in the CPU's cache.
_SLICE = 1 << 13
_FACTOR = 0x9E3779B97F4A7C15  # odd, and its powers have their bits well mixed
_Integer = TypeVar("_Integer", bound=np.integer)


def distinct(values: NDArray[_Integer]) -> tuple[NDArray[_Integer], NDArray[np.int64]]:
    """Return the different values, sorted, and the place of each among them (i64[n]).

    That is what `numpy.unique` gives with its inverse, but where the values lie close together,
    as process numbers and codes do, they are marked in a table and not sorted.
    """
    if not len(values):
        return values[:0], np.zeros(0, np.int64)
    low = values.min()
    spread = int(values.max()) - int(low)
    if spread > max(_SPREAD_MIN, 4 * len(values)):
        return np.unique(values, return_inverse=True)
    shifted = (values - low).astype(np.int64)
    places = np.zeros(spread + 1, np.int64)
    places[shifted] = 1
    marked = np.flatnonzero(places)
    places[marked] = np.arange(len(marked))
    return marked.astype(values.dtype) + low, places[shifted]


def distinct_rows(
    columns: Sequence[NDArray[np.unsignedinteger]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows of which there is one like every row, and the place of that among them (i64[n]).

    The columns have n values each. Of rows that are alike there may be more than one where a file
    was made so that other rows come between them.
    """
    found, of_rows, count = [np.zeros(0, np.int64)], np.empty(len(columns[0]), np.int64), 0
    for part in slices(len(of_rows)):
        rows, places = _distinct_rows([column[part] for column in columns])
        found.append(rows + part.start)
        np.add(places, count, out=of_rows[part])
        count += len(rows)
    rows = np.concatenate(found)
    if len(found) <= 2:
        return rows, of_rows
    kept, places = _distinct_rows([column[rows] for column in columns])
    return rows[kept], places[of_rows]


def _distinct_rows(
    columns: Sequence[NDArray[np.unsignedinteger]],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sort rows by a sum that is the same for those that are alike; then each differs or not."""
    sums = np.zeros(len(columns[0]), np.uint64)
    for power, column in enumerate(columns, 1):
        sums += column * np.uint64(pow(_FACTOR, power, 1 << 64))
    order = np.argsort(sums)
    begins = np.zeros(len(order), np.bool_)
    begins[:1] = True
    for column in columns:
        ordered = column[order]
        begins[1:] |= ordered[1:] != ordered[:-1]
    places = np.empty(len(order), np.int64)
    places[order] = np.cumsum(begins) - 1
    return order[begins], places


def slices(count: int) -> Iterator[slice]:
    """Yield slices of so many rows that cover `count` of them, in their order."""
    return (slice(start, min(start + _SLICE, count)) for start in range(0, count, _SLICE))
