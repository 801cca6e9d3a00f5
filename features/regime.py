"""Regime family: whether parcels lately come, and leave, faster or slower than usual, while they are still on the way.

Told from shipments alone, so that it also serves shops without scans.
"""

import numpy as np

from features.columns import Column
from features.history import History, pace
from features.loads import DEPOT_LEVELS, depot_keys
from features.orders import Floats, Orders
from features.origins import LONG, origin_keys

LEVELS = DEPOT_LEVELS[:-1]
WEEK, MONTH, USUAL = 7, 28, 120
WINDOWS = (WEEK, MONTH, USUAL)

_RATIO = "log ratio"
_NONE = f"no parcel in the last {USUAL} days"
_AS_USUAL = f"last {WEEK} days; 0 is as usual"

COLUMNS = (
    Column(
        f"transit_pace_{WEEK}d",
        "regime",
        _RATIO,
        f"parcels that came from dispatch to the destination region against those expected to, {_AS_USUAL}",
        _NONE,
    ),
    Column(
        f"transit_load_{WEEK}d",
        "regime",
        _RATIO,
        f"parcels on the way to the destination region against the usual of {MONTH} days, {_AS_USUAL}",
        _NONE,
    ),
    Column(
        f"handling_pace_{WEEK}d",
        "regime",
        _RATIO,
        f"parcels that left this origin against those expected to, {_AS_USUAL}",
        f"no parcel in the last {LONG} days",
    ),
)


def regime_features(transit: History, handling: History, orders: Orders) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns)."""
    there, here, day = depot_keys(orders)[: len(LEVELS)], origin_keys(orders), orders.known_day
    return np.column_stack(
        [
            pace(transit, there, day, WEEK, USUAL).ended,
            pace(transit, there, day, WEEK, MONTH).under_way,
            pace(handling, here, day, WEEK, LONG).ended,
        ]
    )
