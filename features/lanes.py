"""Lane family: how long parcels take from planned dispatch to delivery on a lane, and on the wider ones around it."""

import numpy as np

from features.columns import Column
from features.history import Hazards, History, restricted_mean, survival_quantiles
from features.orders import Floats, Orders, Texts

# Widest first. "region" is a pair of ISO 3166-2 regions, "lane" a pair of postal areas (two characters).
LEVELS = ("all", "carrier", "country", "region", "lane")
RECENT, WINDOW = 28, 120
WINDOWS = (RECENT, WINDOW)

COLUMNS = (
    Column("lead_recent_change_days", "lane", "open days", f"mean from planned dispatch to delivery, last {RECENT} minus last {WINDOW} days"),
    Column("lead_spread_days", "lane", "open days", f"90 % minus 10 % quantile from planned dispatch to delivery, last {WINDOW} days"),
    Column("lane_parcels", "lane", "parcels", f"deliveries recorded on this lane, last {WINDOW} days"),
    Column("region_parcels", "lane", "parcels", f"deliveries recorded on this pair of regions, last {WINDOW} days"),
)  # fmt: skip


def lane_keys(orders: Orders) -> tuple[Texts, ...]:
    """Return each order's key on every level of `LEVELS`."""
    service = orders.carrier + "/" + orders.service
    countries = orders.origin_country + ">" + orders.destination_country
    origin_region = orders.origin_country + "-" + orders.origin_region
    destination_region = orders.destination_country + "-" + orders.destination_region
    origin_area = orders.origin_country + " " + orders.origin_area
    destination_area = orders.destination_country + " " + orders.destination_area
    return (
        np.full(len(orders), "*", dtype=object),
        service,
        service + " " + countries,
        service + " " + origin_region + ">" + destination_region,
        service + " " + origin_area + ">" + destination_area,
    )


def lane_features(history: History, orders: Orders) -> tuple[Floats, Hazards]:
    """Return `COLUMNS` in order, shape (n, columns), and the hazards by age that the model starts from."""
    keys = lane_keys(orders)
    recent = history.hazards(keys, orders.known_day, RECENT)
    found = history.hazards(keys, orders.known_day, WINDOW)
    low, high = survival_quantiles(found.hazard, (0.1, 0.9)).T
    columns = np.column_stack(
        [
            restricted_mean(recent.hazard) - restricted_mean(found.hazard),
            high - low,
            found.evidence[:, LEVELS.index("lane")],
            found.evidence[:, LEVELS.index("region")],
        ]
    )
    return columns, found
