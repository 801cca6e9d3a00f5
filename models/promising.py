"""Promises of many orders at once, and how they would have held."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.assembly import Assembled
from features.opendays import OpenDays
from features.orders import Floats
from features.sketches import UNKNOWN
from models.metrics import quantile_days

Ints = NDArray[np.int64]

# A carrier that is closed for longer than this has no calendar that a promise could be moved on.
_LONGEST_PAUSE = 31


def promised_days(cdf: Floats, assembled: Assembled, level: float) -> Ints:
    """Return the day after the order that is promised at a service level, -1 where it lies beyond the horizon.

    The first date whose CDF reaches the level, but not before the parcel leaves, moved to the next day on which the
    carrier delivers: what `parcelcast.promise.PromisePolicy` promises one by one.
    """
    orders = assembled.orders
    reached = quantile_days(cdf, level)
    day = np.maximum(orders.ordered_on + reached, orders.dispatch_on)
    delivery = OpenDays.of(orders.calendars, int(day.min()), int(day.max()) + _LONGEST_PAUSE)
    rows = np.arange(len(orders))
    is_closed = ~delivery.open_on(rows, day)
    for _ in range(_LONGEST_PAUSE):
        if not is_closed.any():
            break
        day = day + is_closed
        is_closed = ~delivery.open_on(rows, day)
    return np.where((reached < cdf.shape[1]) & ~is_closed, day - orders.ordered_on, UNKNOWN)


@dataclass(frozen=True)
class Attainment:
    """How promises held: of how many parcels, the share delivered later, and the mean days from order to promise.

    NaN where nothing was promised.
    """

    parcels: int
    late_share: float
    mean_lead_days: float


def attainment(promised: Ints, lead_days: Ints) -> Attainment:
    """Compare promises (days after the order, -1 for none) with deliveries.

    >>> attainment(np.array([2, 5, -1]), np.array([3, 4, 9]))
    Attainment(parcels=2, late_share=0.5, mean_lead_days=3.5)
    """
    made = promised != UNKNOWN
    if not made.any():
        return Attainment(0, float("nan"), float("nan"))
    late = (lead_days > promised)[made]
    return Attainment(int(made.sum()), float(late.mean()), float(promised[made].mean()))
