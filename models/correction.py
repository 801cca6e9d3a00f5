"""Online correction: when parcels have lately come faster or slower than the model said, it is told so.

The model's own hazards say how many of the parcels ordered lately should have been delivered each day; the records say
how many were. The logarithm of their ratio over the last two weeks, damped, is added to the log-odds of new forecasts.
Only what was recorded before the day of the forecast counts, and parcels still on the road count for as long as they
have been there, so a slowdown shows while its parcels are still under way.
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
# Only parcels in their first days after the order tell of today: what is delivered later was delayed earlier, and after
# a strike the old parcels come all at once. Of 6, 8, 10, 12, 15, 20, 30 and 91 days.
FIRST_DAYS = 7
# Orders so many days back are needed for the correction of a day.
REACH = WINDOW_DAYS + FIRST_DAYS
# So many imaginary parcels came just as expected: a quiet fortnight changes nothing. Of 10, 20, 40 and 80.
_IMAGINARY = 40.0


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


def balance(cdf: Floats, ordered_on: Ints, recorded_on: Ints, ended_on: Ints, until: int) -> Balance:
    """Count recorded against expected deliveries of parcels in their first days, up to and with day `until`.

    `cdf` (n, H+1) are the model's forecasts without correction, `recorded_on` the day on which we learned of the
    delivery, -1 while we have not. A parcel is expected until then, or until the day before we learned (`ended_on`)
    that it will not come.
    """
    young = cdf[:, :FIRST_DAYS]
    before = np.concatenate([np.zeros((len(young), 1)), young[:, :-1]], axis=1)
    hazard = (young - before) / np.maximum(1.0 - before, 1e-9)
    day = ordered_on[:, None] + np.arange(young.shape[1])
    is_open = (day <= until) & (day < ended_on[:, None]) & ((recorded_on[:, None] < 0) | (day <= recorded_on[:, None]))
    first = int(ordered_on.min()) if len(ordered_on) else until
    days = until - first + 1
    expected = np.bincount((day - first)[is_open], weights=hazard[is_open], minlength=days)
    seen = (recorded_on >= first) & (recorded_on <= until) & (recorded_on - ordered_on < FIRST_DAYS)
    recorded = np.bincount(recorded_on[seen] - first, minlength=days)
    return Balance(first, recorded.astype(np.float64), expected.astype(np.float64))


def shifted(cdf: Floats, shift: Floats) -> Floats:
    """Add to the log-odds of each day's hazard, which multiplies its odds; `cdf` (n, H+1), `shift` (n).

    Certain days stay certain.
    """
    before = np.concatenate([np.zeros((len(cdf), 1)), cdf[:, :-1]], axis=1)
    # What is left on a certain day is kept so far from 0 that no shift makes its odds overflow.
    odds = (cdf - before) / np.maximum(1.0 - cdf, 1e-200) * np.exp(shift)[:, None]
    return np.asarray(1.0 - np.cumprod(1.0 / (1.0 + odds), axis=1))


def _before(counts: Floats, index: Ints) -> Floats:
    """Sum the `WINDOW_DAYS` values before each index."""
    total = np.concatenate([[0.0], np.cumsum(counts)])
    last = np.clip(index, 0, len(counts))
    return np.asarray(total[last] - total[np.clip(index - WINDOW_DAYS, 0, len(counts))])
