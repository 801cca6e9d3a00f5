"""Distinct rows: many orders ask the same question of history, which is then answered once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def distinct_rows(columns: Sequence[NDArray[np.generic]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first row of each distinct one, and for every row which of those it equals.

    >>> once, which = distinct_rows([np.array(["a", "b", "a"]), np.array([1, 1, 1])])
    >>> once.tolist(), which.tolist()
    ([0, 1], [0, 1, 0])
    """
    if len(columns[0]) == 1:  # as most requests are
        return np.zeros(1, dtype=np.intp), np.zeros(1, dtype=np.intp)
    number_of: dict[tuple[object, ...], int] = {}
    rows = zip(*(column.tolist() for column in columns), strict=True)
    which = np.array([number_of.setdefault(row, len(number_of)) for row in rows], dtype=np.intp)
    once = np.unique(which, return_index=True)[1]
    return once, which
