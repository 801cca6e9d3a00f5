"""What the model has to beat: the lane's own history, the carrier's quote, and the promise that the shop made."""

import numpy as np
from numpy.typing import NDArray

from features.assembly import Assembled
from features.orders import Floats
from features.sketches import UNKNOWN
from models.hazard import HORIZON, NEGLIGIBLE, cdf_in_chunks
from parcelcast.forecast import quoted_share

Rows = NDArray[np.intp]
_STEPS = np.arange(HORIZON + 1)


def lane_history(assembled: Assembled) -> Floats:
    """Return the CDF of the lane's recent history, told on each order's own calendar; shape (n, HORIZON + 1)."""
    return cdf_in_chunks(assembled.lane_hazard, np.full(len(assembled.orders), NEGLIGIBLE))


def carrier_quote(assembled: Assembled) -> tuple[Rows, Floats]:
    """Return the orders with a usable quote and their CDFs, shape (rows, HORIZON + 1).

    The same forecasts as `parcelcast.forecast.quoted_forecast` makes one by one, which says what is usable.
    """
    quotes = assembled.orders.quoted_days
    rows = np.flatnonzero((quotes >= 0.0) & (quotes <= HORIZON))  # a comparison with NaN is false
    if len(rows) == 0:
        return rows, np.empty((0, HORIZON + 1))
    distinct, index = np.unique(quotes[rows], return_inverse=True)
    shares = np.array([[quoted_share(days, float(quote)) for days in _STEPS.tolist()] for quote in distinct])
    open_days, has_begun = _open_days(assembled, rows)
    return rows, np.where(has_begun, shares[index[:, None], open_days], 0.0)


def promise_as_cdf(promised_on: NDArray[np.int64], ordered_on: NDArray[np.int64]) -> tuple[Rows, Floats]:
    """Return the orders with a promise and the CDF that steps from 0 to 1 on it, shape (rows, HORIZON + 1).

    Its CRPS is the number of days between promise and delivery (as far as both lie within the horizon).
    """
    rows = np.flatnonzero(promised_on != UNKNOWN)
    return rows, ((promised_on - ordered_on)[rows, None] <= _STEPS).astype(np.float64)


def _open_days(assembled: Assembled, rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Count deliverable days after each parcel leaves, up to each day; and tell whether there was a chance by then."""
    delivery, orders = assembled.calendar.delivery, assembled.orders
    leaves = orders.dispatch_on[rows]
    all_rows = np.repeat(rows, len(_STEPS))
    days = (orders.ordered_on[rows, None] + _STEPS).ravel()
    counted = delivery.count_to(all_rows, days).reshape(len(rows), -1)
    after = counted - delivery.count_to(rows, leaves)[:, None]
    with_first = after + delivery.open_on(rows, leaves)[:, None]
    has_left = days.reshape(len(rows), -1) >= leaves[:, None]
    return np.clip(after, 0, HORIZON), has_left & (with_first > 0)
