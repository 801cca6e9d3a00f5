"""Pace: how many parcels ended lately against how many should have, had times been as usual.

The parcels that were under way on the last days and the usual hazards of their ages say how many should have ended. A
parcel that is still on the road counts for as long as it has been there, so a slowdown shows before its parcels come.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]

# A level's expected ends weigh as much as what the next wider level says once they are so many.
PACE_SHRINKAGE = 20.0
# So many imaginary parcel-days on each side: where no parcel is under way, there are as many as usual.
_UNDER_WAY = 2.0


@dataclass(frozen=True)
class Window:
    """Counts of some days by age: arrays of shape (n, AGES), one for each level, widest first."""

    at_risk: Sequence[Counts]
    ended: Sequence[Counts]
    days: int


@dataclass(frozen=True)
class Pace:
    """Logarithms of ratios, one for each key: 0 is as usual. NaN where no parcel was under way in the long window.

    `ended` is recorded against expected ends of the last days, drawn towards the wider levels; `under_way` the parcels
    under way against their usual number.
    """

    ended: Counts
    under_way: Counts

    def take(self, rows: NDArray[np.intp]) -> "Pace":
        """Return the pace of these keys."""
        return Pace(self.ended[rows], self.under_way[rows])


def pace_of(recent: Window, usual: Window, hazards: Sequence[Counts]) -> Pace:
    """Compare the last days with the usual ones, whose smoothed hazards are given by level.

    ratio = (recorded + m * ratio_wider) / (expected + m): the posterior mean of a gamma prior around the wider level.
    """
    ratio = np.ones(len(hazards[0]))
    for at_risk, ended, hazard in zip(recent.at_risk, recent.ended, hazards, strict=True):
        expected = (np.maximum(at_risk, ended) * hazard).sum(axis=1)
        ratio = (ended.sum(axis=1) + PACE_SHRINKAGE * ratio) / (expected + PACE_SHRINKAGE)
    under_way, often = (np.maximum(one.at_risk[-1].sum(axis=1), 0.0) for one in (recent, usual))
    load = (under_way + _UNDER_WAY) / (often * recent.days / usual.days + _UNDER_WAY)
    nothing = usual.at_risk[0].sum(axis=1) <= 0
    return Pace(np.where(nothing, np.nan, np.log(ratio)), np.where(nothing, np.nan, np.log(load)))
