"""Lane family: how long parcels take from planned dispatch to delivery on a lane, and on the wider ones around it."""

from collections.abc import Sequence

import numpy as np

from features.columns import Column
from features.distinct import distinct_rows
from features.history import Hazards, History, restricted_mean, survival_quantiles
from features.orders import Days, Floats, Orders, Texts

# Widest first; the words of `parcelcast.forecast.Evidence.level`. "region" is a pair of regions, "lane" a pair of
# areas: ISO 3166-2 and two characters of the postal code, unless `parcelcast.regions.Grouping` says otherwise.
LEVELS = ("all", "carrier", "country", "region", "lane")
RECENT, WINDOW = 28, 120
WINDOWS = (RECENT, WINDOW)

_TO_DELIVERY = "from planned dispatch to delivery"
_LAST = f"last {WINDOW} days"

COLUMNS = (
    Column("lead_mean_days", "lane", "open days", f"mean {_TO_DELIVERY}, {_LAST}"),
    Column("lead_p25_days", "lane", "open days", f"25 % quantile {_TO_DELIVERY}, {_LAST}"),
    Column("lead_p50_days", "lane", "open days", f"median {_TO_DELIVERY}, {_LAST}"),
    Column("lead_p75_days", "lane", "open days", f"75 % quantile {_TO_DELIVERY}, {_LAST}"),
    Column(
        "lead_recent_change_days",
        "lane",
        "open days",
        f"mean {_TO_DELIVERY}, last {RECENT} minus {_LAST}",
    ),
    Column("lead_spread_days", "lane", "open days", f"90 % minus 10 % quantile {_TO_DELIVERY}, {_LAST}"),
    Column("lane_parcels", "lane", "parcels", f"deliveries recorded on this lane, {_LAST}"),
    Column("region_parcels", "lane", "parcels", f"deliveries recorded on this pair of regions, {_LAST}"),
)


def lane_keys(orders: Orders) -> tuple[Texts, ...]:
    """Return each order's key on every level of `LEVELS`."""
    origin = (orders.origin_country, orders.origin_lane_region, orders.origin_area)
    destination = (orders.destination_country, orders.destination_lane_region, orders.destination_area)
    # Built once per lane: orders of a lane then share the text, and looking it up is cheap.
    once, which = distinct_rows([*origin, *destination, orders.carrier, orders.service])
    here, region, area = (column[once] for column in origin)
    there, to_region, to_area = (column[once] for column in destination)
    service = orders.carrier[once] + "/" + orders.service[once]
    keys = (
        np.full(len(once), "*", dtype=object),
        service,
        service + " " + here + ">" + there,
        service + " " + here + "-" + region + ">" + there + "-" + to_region,
        service + " " + here + " " + area + ">" + there + " " + to_area,
    )
    return tuple(key[which] for key in keys)


def ends_of(lane: str) -> tuple[str, str]:
    """Return of a key of level "lane" that of level "country", and the area of the destination.

    >>> ends_of("dpd/classic DE 04>CH 80")
    ('dpd/classic DE>CH', '80')
    """
    here, there = lane.rsplit(">", 1)
    country, _, area = there.partition(" ")
    return f"{here.rpartition(' ')[0]}>{country}", area


def service_of(country: str) -> str:
    """Return the key of level "carrier" of one of level "country"."""
    return country.rpartition(" ")[0]


def lane_features(history: History, keys: Sequence[Texts], known_day: Days) -> tuple[Floats, Hazards]:
    """Return `COLUMNS` in order, shape (n, columns), and the hazards by age that the model starts from.

    `keys` are the orders' `lane_keys`.
    """
    recent = history.hazards(keys, known_day, RECENT)
    found = history.hazards(keys, known_day, WINDOW)
    mean = restricted_mean(found.hazard)
    low, *middle, high = survival_quantiles(found.hazard, (0.1, 0.25, 0.5, 0.75, 0.9)).T
    columns = np.column_stack(
        [
            mean,
            *middle,
            restricted_mean(recent.hazard) - mean,
            high - low,
            found.evidence[:, LEVELS.index("lane")],
            found.evidence[:, LEVELS.index("region")],
        ]
    )
    return columns, found
