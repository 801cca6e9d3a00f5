"""Lane family: how long parcels take from planned dispatch, and from hand-over, on a lane and the wider ones around it."""

import numpy as np

from features.columns import Column
from features.history import Hazards, History, restricted_mean, survival_quantiles
from features.orders import Floats, Orders, Texts

# Widest first. "region" is a pair of ISO 3166-2 regions, "lane" a pair of postal areas (two characters).
LEVELS = ("all", "carrier", "country", "region", "lane")
RECENT, LONG = 28, 120
WINDOWS = (RECENT, LONG)
_QUANTILES = (0.1, 0.5, 0.9)


def _columns(family: str, what: str) -> tuple[Column, ...]:
    columns = []
    for window in WINDOWS:
        seen = f"parcels of the last {window} days"
        for name, words in (("p10", "10 % quantile"), ("p50", "median"), ("p90", "90 % quantile"), ("mean", "mean")):
            columns.append(Column(f"{family}_{window}d_{name}_days", "lane", "open days", f"{words} of {what}, {seen}"))
        columns.append(Column(f"{family}_{window}d_lane_parcels", "lane", "parcels", f"ends seen on this lane, {seen}"))
        columns.append(Column(f"{family}_{window}d_region_parcels", "lane", "parcels", f"ends seen, region pair, {seen}"))
    return tuple(columns)


LEAD_COLUMNS = _columns("lead", "days from planned dispatch to delivery")
TRANSIT_COLUMNS = _columns("transit", "days from hand-over to delivery")


def lane_keys(orders: Orders) -> tuple[Texts, ...]:
    """Return each order's key on every level of `LEVELS`."""
    service = orders.carrier + "/" + orders.service
    countries = orders.origin_country + ">" + orders.destination_country
    origin_region, destination_region = (
        orders.origin_country + "-" + orders.origin_region,
        orders.destination_country + "-" + orders.destination_region,
    )
    origin_area, destination_area = (
        orders.origin_country + " " + orders.origin_area,
        orders.destination_country + " " + orders.destination_area,
    )
    return (
        np.full(len(orders), "*", dtype=object),
        service,
        service + " " + countries,
        service + " " + origin_region + ">" + destination_region,
        service + " " + origin_area + ">" + destination_area,
    )


def lane_features(history: History, orders: Orders) -> tuple[Floats, dict[int, Hazards]]:
    """Return the columns of one family, in order, shape (n, columns), and the hazards of each window behind them."""
    keys = lane_keys(orders)
    hazards = {window: history.hazards(keys, orders.known_day, window) for window in WINDOWS}
    parts = []
    for window in WINDOWS:
        found = hazards[window]
        parts += [
            survival_quantiles(found.hazard, _QUANTILES),
            restricted_mean(found.hazard)[:, None],
            found.evidence[:, [LEVELS.index("lane"), LEVELS.index("region")]],
        ]
    return np.concatenate(parts, axis=1), hazards
