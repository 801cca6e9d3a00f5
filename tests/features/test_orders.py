from dataclasses import fields, replace
from datetime import UTC, date, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.lanes import lane_keys
from features.opendays import CalendarKey
from features.orders import (
    WAY_FACTS,
    Orders,
    day_of,
    delivery_calendar_key,
    epoch_day,
    order_facts,
    orders_of,
    way_facts,
)
from parcelcast.place import PlaceIndex
from parcelcast.place_table import REFERENCE
from parcelcast.regions import Grouping
from parcelcast.shipment import Carrier, Shipment
from tests.features.worlds import CARRIERS, ORIGINS, PLACES, day, live, shipment

BAVARIA = PLACES.find("DE", "80331")


def test_days_are_counted_on_each_sides_own_clock():
    # 13 April 10:30 UTC is 14 April 00:30 on Kiritimati and 00:30 on 13 April in Waikiki, just at its cut-off.
    orders = orders_of([live(shipment(1, "2026-04-13 10:30", "waikiki", ("KI", "1")))], CARRIERS)
    assert [day_of(int(number[0])) for number in (orders.ordered_on, orders.known_day)] == [
        date(2026, 4, 14),
        date(2026, 4, 13),
    ]
    assert orders.order_hour.tolist() == [0.0]


def test_the_dispatch_is_never_before_the_day_of_the_order():
    # Planned for 13 April in Waikiki, when the shopper's calendar already says 14 April.
    one = live(shipment(1, "2026-04-13 10:15", "waikiki", ("KI", "1")))
    orders = orders_of([one], CARRIERS)
    assert one.planned_dispatch_on == date(2026, 4, 13)
    assert orders.dispatch_on.tolist() == orders.ordered_on.tolist() == [day("2026-04-14")]


def test_what_is_not_told_is_empty_or_nan():
    orders = orders_of([live(shipment(1, "2026-03-10 09:00", to=("ZZ", None)))], CARRIERS)
    assert [getattr(orders, name)[0] for name in ("carrier", "service", "item_category", "payment_method")] == [""] * 4
    assert [orders.destination_country[0], orders.destination_region[0], orders.destination_area[0]] == ["ZZ", "", ""]
    assert np.isnan([orders.weight_g[0], orders.quoted_days[0], orders.distance_km[0], orders.volume_l[0]]).all()
    assert orders.delivery_mode[0] == "home"


def test_a_carrier_nobody_knows_delivers_on_any_day():
    assert delivery_calendar_key(None, BAVARIA) == CalendarKey(frozenset(range(7)), None, None)
    orders = orders_of([live(shipment(1, "2026-03-10 09:00", carrier="eigenflotte"))], CARRIERS)
    assert orders.calendars == (CalendarKey(frozenset(range(7)), None, None),)


def test_a_carrier_keeps_the_holidays_of_the_destination_or_none():
    keeps, ignores = (Carrier("x", delivery_weekdays=frozenset({1}), observes_holidays=one) for one in (True, False))
    assert delivery_calendar_key(keeps, BAVARIA) == CalendarKey(frozenset({1}), "DE", "BY")
    assert delivery_calendar_key(ignores, BAVARIA) == CalendarKey(frozenset({1}), None, None)


def test_equal_orders_have_equal_facts_even_where_numbers_are_unknown():
    facts = [order_facts(live(shipment(number, "2026-03-10 09:00", weight_g=float("nan"))), None) for number in (1, 2)]
    assert facts[0] == facts[1]
    assert len({*facts, order_facts(live(shipment(3, "2026-03-10 09:59")), None)}) == 1
    assert order_facts(live(shipment(3, "2026-03-10 10:00")), None) != facts[0]


def test_a_way_has_its_facts():
    assert tuple(way_facts(ORIGINS["leipzig"], BAVARIA, None)) == WAY_FACTS
    assert set(WAY_FACTS) < {field.name for field in fields(Orders)}


def test_taken_rows_keep_their_facts():
    rows = [shipment(1, "2026-03-10 09:00", carrier="kranich"), shipment(2, "2026-03-11 09:00", weight_g=5.0)]
    orders = orders_of([live(row) for row in rows], CARRIERS)
    second = orders.take(np.array([1]))
    assert len(second) == 1
    assert (second.weight_g.tolist(), second.calendars) == ([5.0], orders.calendars[1:])


def test_no_shipments_are_no_orders():
    orders = orders_of([], CARRIERS)
    assert len(orders) == 0
    assert orders.carrier.dtype == object
    assert orders.known_day.dtype == np.int64


@given(st.dates())
def test_day_numbers_turn_back_into_dates(one: date):
    assert day_of(epoch_day(one)) == one
    assert (np.datetime64(one) - np.datetime64("1970-01-01")).astype(int) == epoch_day(one)


def test_lanes_count_by_the_groups_that_the_index_of_places_was_told():
    places = PlaceIndex.from_csv(REFERENCE, Grouping.parse("prefix:1", "prefix:3"))
    leipzig = replace(ORIGINS["leipzig"], place=places.find("DE", "04109"))
    munich = places.find("DE", "80331")
    orders = orders_of([Shipment(datetime(2026, 3, 10, 9, tzinfo=UTC), leipzig, munich)], CARRIERS)

    assert orders.origin_region.tolist() + orders.destination_region.tolist() == ["SN", "BY"]
    assert [keys.tolist() for keys in lane_keys(orders)[3:]] == [["/ DE-0>DE-8"], ["/ DE 041>DE 803"]]
