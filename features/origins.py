"""Origin family: handling time of a warehouse or seller, its share of late dispatches, its backlog."""

import numpy as np

from features.columns import Column
from features.distinct import distinct_rows
from features.history import Hazards, History, restricted_mean, survival_quantiles
from features.orders import Floats, Orders, Texts

LEVELS = ("all", "region", "origin")
WEEK, RECENT, LONG = 7, 28, 180
WINDOWS = (WEEK, RECENT, LONG)
_QUANTILES = (0.1, 0.5, 0.9)
_DAYS = "working days"
_TO_DISPATCH = "from planned dispatch to dispatch"


def _columns() -> tuple[Column, ...]:
    columns = []
    for window in (RECENT, LONG):
        name, last = f"handling_{window}d", f"last {window} days"
        late = f"dispatched after the planned day, {last}"
        columns += [
            Column(f"{name}_p10_days", "origin", _DAYS, f"10 % quantile {_TO_DISPATCH}, {last}"),
            Column(f"{name}_p50_days", "origin", _DAYS, f"median {_TO_DISPATCH}, {last}"),
            Column(f"{name}_p90_days", "origin", _DAYS, f"90 % quantile {_TO_DISPATCH}, {last}"),
            Column(f"{name}_mean_days", "origin", _DAYS, f"mean {_TO_DISPATCH}, {last}"),
            Column(f"{name}_parcels", "origin", "parcels", f"dispatches recorded at this origin, {last}"),
            Column(f"late_dispatch_{window}d_share", "origin", "share", late),
        ]
    backlog = f"parcel-days waiting, last {WEEK} days against the usual {WEEK} of the last {RECENT}"
    return (*columns, Column("origin_backlog_ratio", "origin", "ratio", backlog))


COLUMNS = _columns()


def origin_keys(orders: Orders) -> tuple[Texts, ...]:
    """Return each order's key on every level of `LEVELS`."""
    return (
        np.full(len(orders), "*", dtype=object),
        orders.origin_country + "-" + orders.origin_region,
        orders.origin_id,
    )


def origin_features(history: History, orders: Orders) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns)."""
    once, which = distinct_rows([*origin_keys(orders), orders.known_day])
    asked = orders.take(once)
    keys = origin_keys(asked)
    hazards = {window: history.hazards(keys, asked.known_day, window) for window in WINDOWS}
    parts = []
    for window in (RECENT, LONG):
        found = hazards[window]
        parts += [
            survival_quantiles(found.hazard, _QUANTILES),
            restricted_mean(found.hazard)[:, None],
            found.evidence[:, -1:],
            1.0 - found.hazard[:, :1],
        ]
    parts.append(_backlog_ratio(hazards[WEEK], hazards[RECENT])[:, None])
    return np.concatenate(parts, axis=1)[which]


def _backlog_ratio(week: Hazards, recent: Hazards) -> Floats:
    """1 is usual. One imaginary parcel on each side keeps an origin without parcels at 1."""
    usual = recent.at_risk[:, -1] * WEEK / RECENT
    return np.asarray((week.at_risk[:, -1] + 1.0) / (usual + 1.0))
