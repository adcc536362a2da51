"""The different values among many, and which of them each is."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["distinct"]

_SPREAD_MIN = 1 << 16
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
