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


def _columns() -> tuple[Column, ...]:
    columns = []
    for window in (RECENT, LONG):
        seen = f"parcels of the last {window} days"
        for name, words in (("p10", "10 % quantile"), ("p50", "median"), ("p90", "90 % quantile"), ("mean", "mean")):
            columns.append(
                Column(f"handling_{window}d_{name}_days", "origin", _DAYS, f"{words} of dispatch after plan, {seen}")
            )
        columns.append(Column(f"handling_{window}d_parcels", "origin", "parcels", f"dispatches of this origin, {seen}"))
        columns.append(
            Column(f"late_dispatch_{window}d_share", "origin", "share", f"dispatched after the planned day, {seen}")
        )
    columns.append(
        Column("origin_backlog_ratio", "origin", "ratio", "parcel-days waiting in the last 7 days against the usual 7")
    )
    return tuple(columns)


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
