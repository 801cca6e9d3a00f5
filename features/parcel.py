"""Parcel family: the parcel itself, its way and the service that carries it."""

import numpy as np

from features.columns import Column
from features.orders import Floats, Orders, Texts

_FREIGHT_FROM_G = 100.0  # lighter parcels pay for the parcel, not for its weight

COLUMNS = (
    Column("weight_g", "parcel", "g", "weight of the parcel"),
    Column("volume_l", "parcel", "l", "product of the three sides"),
    Column("longest_mm", "parcel", "mm", "longest side"),
    Column("item_count", "parcel", "items", "items in the parcel"),
    Column("order_value", "parcel", "currency", "value of the goods"),
    Column("freight_cost", "parcel", "currency", "what the shopper pays for shipping"),
    Column("freight_per_kg", "parcel", "currency/kg", "freight by weight, at least 100 g"),
    Column("distance_km", "parcel", "km", "great circle between the postal areas"),
    Column("origin_latitude", "parcel", "degrees", "north of the origin's postal area"),
    Column("origin_longitude", "parcel", "degrees", "east of the origin's postal area"),
    Column("destination_latitude", "parcel", "degrees", "north of the destination's postal area"),
    Column("destination_longitude", "parcel", "degrees", "east of the destination's postal area"),
    Column("quoted_transit_days", "parcel", "days", "the carrier's quote"),
)
CATEGORIES = (
    Column("carrier_service", "parcel", "", "carrier and service", categorical=True),
    Column("delivery_mode", "parcel", "", "home, pickup point, ...", categorical=True),
    Column("payment_method", "parcel", "", "some methods let the shop wait for the money", categorical=True),
    Column("origin_region", "parcel", "", "ISO 3166-2 region of the origin", categorical=True),
    Column("destination_region", "parcel", "", "ISO 3166-2 region of the destination", categorical=True),
)


def parcel_features(orders: Orders) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns)."""
    return np.column_stack(
        [
            orders.weight_g,
            orders.volume_l,
            orders.longest_mm,
            orders.item_count,
            orders.order_value,
            orders.freight_cost,
            orders.freight_cost / np.maximum(orders.weight_g, _FREIGHT_FROM_G) * 1000.0,
            orders.distance_km,
            orders.origin_latitude,
            orders.origin_longitude,
            orders.destination_latitude,
            orders.destination_longitude,
            orders.quoted_days,
        ]
    )


def parcel_categories(orders: Orders) -> dict[str, Texts]:
    """Return the texts of `CATEGORIES`, "" where unknown."""
    return {
        "carrier_service": orders.carrier + "/" + orders.service,
        "delivery_mode": orders.delivery_mode,
        "payment_method": orders.payment_method,
        "origin_region": orders.origin_country + "-" + orders.origin_region,
        "destination_region": orders.destination_country + "-" + orders.destination_region,
    }
