import numpy as np
import pytest

from features import parcel
from features.assembly import column_names
from features.orders import orders_of
from tests.features.worlds import CARRIERS, live, shipment


def columns_of(**facts):
    orders = orders_of([live(shipment(1, "2026-03-10 09:00", **facts))], CARRIERS)
    return dict(zip(column_names(parcel.COLUMNS), parcel.parcel_features(orders)[0].tolist(), strict=True))


def test_sides_make_volume_and_longest_side():
    got = columns_of(length_mm=300.0, width_mm=200.0, height_mm=100.0, weight_g=500.0, freight_cost=4.9, item_count=2,
                     order_value=19.99, quoted_transit_days=2.0)  # fmt: skip
    assert (got["volume_l"], got["longest_mm"]) == (6.0, 300.0)
    assert got["freight_per_kg"] == pytest.approx(9.8)
    assert (got["weight_g"], got["item_count"], got["order_value"], got["quoted_transit_days"]) == (500, 2, 19.99, 2)
    assert got["distance_km"] == pytest.approx(360, abs=10)
    assert (got["origin_latitude"], got["destination_longitude"]) == (51.3, 11.6)


def test_a_way_within_a_customs_union_crosses_no_customs():
    ways = {("DE", "04109"): 0, ("AT", "1010"): 0, ("US", "10001"): 1}
    for to, crosses in ways.items():
        orders = orders_of([live(shipment(1, "2026-03-10 09:00", to=to))], CARRIERS)
        got = dict(zip(column_names(parcel.COLUMNS), parcel.parcel_features(orders)[0].tolist(), strict=True))
        assert got["crosses_customs"] == crosses


def test_a_light_parcel_pays_for_at_least_100_g():
    assert columns_of(weight_g=1.0, freight_cost=5.0)["freight_per_kg"] == pytest.approx(50.0)


def test_what_is_not_told_is_nan():
    got = columns_of(length_mm=300.0)
    empty = {name for name, value in got.items() if np.isnan(value)}
    told = {
        "crosses_customs",
        "distance_km",
        "origin_latitude",
        "origin_longitude",
        "destination_latitude",
        "destination_longitude",
    }
    assert empty == set(column_names(parcel.COLUMNS)) - told
    assert {column.name for column in parcel.COLUMNS if column.unknown} >= empty


def test_an_unknown_place_has_neither_position_nor_distance():
    orders = orders_of([live(shipment(1, "2026-03-10 09:00", to=("KI", "1")))], CARRIERS)
    got = dict(zip(column_names(parcel.COLUMNS), parcel.parcel_features(orders)[0].tolist(), strict=True))
    assert np.isnan([got["distance_km"], got["destination_latitude"], got["destination_longitude"]]).all()
    assert got["origin_latitude"] == 51.3


def test_categories_tell_service_and_regions_with_what_they_belong_to():
    orders = orders_of(
        [
            live(shipment(1, "2026-03-10 09:00", carrier="kranich", service="standard", payment_method="card")),
            live(shipment(2, "2026-03-10 09:00", "waikiki", ("ZZ", None), delivery_mode="locker")),
        ],
        CARRIERS,
    )
    assert {name: texts.tolist() for name, texts in parcel.parcel_categories(orders).items()} == {
        "carrier_service": ["kranich/standard", "/"],
        "delivery_mode": ["home", "locker"],
        "payment_method": ["card", ""],
        "country_pair": ["DE>DE", "US>ZZ"],
        "origin_region": ["DE-SN", "US-HI"],
        "destination_region": ["DE-BY", "ZZ-"],
    }
    assert list(parcel.parcel_categories(orders)) == column_names(parcel.CATEGORIES)
