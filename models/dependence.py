"""Shared fate: how far parcels of one origin, carrier and dispatch day come early or late together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LEVELS = (0.5, 0.75, 0.9)
_FEWEST_PAIRS = 200


def shared_fate(pit: NDArray[np.float64], groups: Sequence[object]) -> float:
    """Estimate rho of the joint CDF `rho * min(F_i, F_j) + (1 - rho) * F_i * F_j` from PIT values, in [0, 1].

    For a pair of one group P(both <= t) = rho * t + (1 - rho) * t ** 2, so the share of pairs with both values at most
    t gives rho; averaged over three levels. Fewer than 200 pairs say nothing: 0.

    >>> same = np.repeat(np.linspace(0.0, 1.0, 1000), 2)
    >>> round(shared_fate(same, [i // 2 for i in range(2000)]), 2)
    1.0
    """
    _, index = np.unique([hash(group) for group in groups], return_inverse=True)
    size = np.bincount(index)
    pairs = (size * (size - 1)).sum()
    if pairs < 2 * _FEWEST_PAIRS:
        return 0.0
    estimates = []
    for level in _LEVELS:
        both = np.bincount(index, weights=pit <= level)
        share = (both * (both - 1.0)).sum() / pairs
        alone = float(np.mean(pit <= level)) ** 2
        estimates.append((share - alone) / (level - level**2))
    return float(np.clip(np.mean(estimates), 0.0, 1.0))
