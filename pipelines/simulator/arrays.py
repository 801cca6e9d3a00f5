"""Names for the array types of the simulator, and the two grouped operations it lives on."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Days = NDArray[np.datetime64]
# Narrow integers keep many replicas in memory.
Int32s = NDArray[np.int32]
Int16s = NDArray[np.int16]
Int8s = NDArray[np.int8]
AnyInts = NDArray[np.integer]


def rank_within(groups: AnyInts) -> Ints:
    """Count each element's place, from 1, among the elements of its group, in the order given.

    >>> rank_within(np.array([7, 3, 7, 7, 3]))
    array([1, 1, 2, 3, 2])
    """
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(groups) else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, len(groups)])
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, sizes) + 1
    return ranks


def sample_rows(cumulative: Floats, rows: AnyInts, uniform: Floats) -> Ints:
    """Draw a column for each row index from the cumulative weights of that row (last column 1).

    >>> sample_rows(np.array([[0.5, 1.0], [0.1, 1.0]]), np.array([0, 1, 1]), np.array([0.4, 0.4, 0.05]))
    array([0, 1, 0])
    """
    columns = cumulative.shape[1]
    # Row r lives in [r, r + 1): one search answers for all rows.
    flat = (cumulative + np.arange(len(cumulative))[:, None]).ravel()
    found = np.searchsorted(flat, rows + np.minimum(uniform, 1 - 1e-9), side="right") - rows * columns
    column: Ints = np.minimum(found, columns - 1)
    return column
