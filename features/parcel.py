"""Parcel family: the parcel itself, its way and the service that carries it."""

import numpy as np

from features.columns import Column
from features.customs import union_of
from features.orders import Floats, Orders, Texts

_FREIGHT_FROM_G = 100.0  # lighter parcels pay for the parcel, not for its weight

_UNTOLD = "the shop does not say"
_NO_PLACE = "the address is not in the table of places"
_NO_CODE = "not told, or too rare in training to have a code"

COLUMNS = (
    Column("weight_g", "parcel", "g", "weight of the parcel", _UNTOLD),
    Column("volume_l", "parcel", "l", "product of the three sides", "a side is not told"),
    Column("longest_mm", "parcel", "mm", "longest side", "a side is not told"),
    Column("item_count", "parcel", "items", "items in the parcel", _UNTOLD),
    Column("order_value", "parcel", "currency", "value of the goods", _UNTOLD),
    Column("freight_cost", "parcel", "currency", "what the shopper pays for shipping", _UNTOLD),
    Column(
        "freight_per_kg", "parcel", "currency/kg", "freight by weight, at least 100 g", "freight or weight is not told"
    ),
    Column("distance_km", "parcel", "km", "great circle between the postal areas", _NO_PLACE),
    Column("origin_latitude", "parcel", "degrees", "north of the origin's postal area", _NO_PLACE),
    Column("origin_longitude", "parcel", "degrees", "east of the origin's postal area", _NO_PLACE),
    Column("destination_latitude", "parcel", "degrees", "north of the destination's postal area", _NO_PLACE),
    Column("destination_longitude", "parcel", "degrees", "east of the destination's postal area", _NO_PLACE),
    Column("quoted_transit_days", "parcel", "deliverable days", "the carrier's quote, from dispatch", "no quote"),
    Column("crosses_customs", "parcel", "0 or 1", "the way leaves the origin's customs union"),
    Column(
        "handling_limit_days", "parcel", "working days", "the seller's own limit from the order to dispatch", _UNTOLD
    ),
)


def _category(name: str, description: str) -> Column:
    return Column(name, "parcel", "", description, _NO_CODE, categorical=True)


CATEGORIES = (
    _category("carrier_service", "carrier and service"),
    _category("delivery_mode", "home, pickup point, ..."),
    _category("payment_method", "some methods let the shop wait for the money"),
    _category("country_pair", "countries of origin and destination, in this order"),
    _category("origin_region", "ISO 3166-2 region of the origin"),
    _category("destination_region", "ISO 3166-2 region of the destination"),
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
            _crosses_customs(orders),
            orders.handling_limit_days,
        ]
    )


def _crosses_customs(orders: Orders) -> Floats:
    ways = zip(orders.origin_country.tolist(), orders.destination_country.tolist(), strict=True)
    return np.array([union_of(here) != union_of(there) for here, there in ways], dtype=np.float64)


def parcel_categories(orders: Orders) -> dict[str, Texts]:
    """Return the texts of `CATEGORIES`; parts that are not known are empty."""
    return {
        "carrier_service": orders.carrier + "/" + orders.service,
        "delivery_mode": orders.delivery_mode,
        "payment_method": orders.payment_method,
        "country_pair": orders.origin_country + ">" + orders.destination_country,
        "origin_region": orders.origin_country + "-" + orders.origin_region,
        "destination_region": orders.destination_country + "-" + orders.destination_region,
    }
