"""Online correction: when parcels have lately come faster or slower than the model said, it is told so.

The model's own hazards say how many of the parcels under way should have been delivered each day; the records say how
many were. The logarithm of their ratio over the last two weeks, damped, is added to the log-odds of new forecasts. Only
what was recorded before the day of the forecast counts, and parcels still on the road count for as long as they have
been there, so a slowdown shows while its parcels are still under way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Chosen on six windows of Olist orders from May 2017 to April 2018 (docs/adr/0006): of 3, 7, 14, 21, 28 and 42 days and
# a share of 0.3, 0.6 and 1.
WINDOW_DAYS = 14
SHARE = 0.6
# So many imaginary parcels came just as expected: a quiet fortnight changes nothing.
_IMAGINARY = 10.0


@dataclass(frozen=True)
class Balance:
    """Deliveries recorded and deliveries expected per day, from UTC day `first` on."""

    first: int
    recorded: Floats
    expected: Floats

    def shift(self, known_day: Ints) -> Floats:
        """Return what to add to log-odds of forecasts made on these UTC days; 0 where there is no balance yet."""
        recorded, expected = (_before(counts, known_day - self.first) for counts in (self.recorded, self.expected))
        return np.asarray(SHARE * np.log((recorded + _IMAGINARY) / (expected + _IMAGINARY)))


def balance(cdf: Floats, ordered_on: Ints, recorded_on: Ints, until: int) -> Balance:
    """Count recorded against expected deliveries up to and with day `until`.

    `cdf` (n, H+1) are the model's forecasts without correction, `recorded_on` the day on which we learned of the
    delivery, -1 while we have not. A parcel is expected until then.
    """
    before = np.concatenate([np.zeros((len(cdf), 1)), cdf[:, :-1]], axis=1)
    hazard = (cdf - before) / np.maximum(1.0 - before, 1e-9)
    day = ordered_on[:, None] + np.arange(cdf.shape[1])
    is_open = (day <= until) & ((recorded_on[:, None] < 0) | (day <= recorded_on[:, None]))
    first = int(ordered_on.min()) if len(ordered_on) else until
    days = until - first + 1
    expected = np.bincount((day - first)[is_open], weights=hazard[is_open], minlength=days)
    seen = (recorded_on >= first) & (recorded_on <= until) & (recorded_on - ordered_on < cdf.shape[1])
    recorded = np.bincount(recorded_on[seen] - first, minlength=days)
    return Balance(first, recorded.astype(np.float64), expected.astype(np.float64))


def _before(counts: Floats, index: Ints) -> Floats:
    """Sum the `WINDOW_DAYS` values before each index."""
    total = np.concatenate([[0.0], np.cumsum(counts)])
    last = np.clip(index, 0, len(counts))
    return np.asarray(total[last] - total[np.clip(index - WINDOW_DAYS, 0, len(counts))])
