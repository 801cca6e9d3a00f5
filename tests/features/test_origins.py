import numpy as np
import pytest

from features import origins
from features.assembly import column_names
from features.orders import orders_of
from tests.features.worlds import CARRIERS, live, shipment, sketches_of


def columns_of(rows, *asked):
    orders = orders_of([live(one) for one in asked], CARRIERS)
    today = int(orders.known_day[0])
    values = origins.origin_features(sketches_of(rows, today).snapshot(today).handling, orders)
    return [dict(zip(column_names(origins.COLUMNS), row, strict=True)) for row in values.tolist()]


def parcels(n, ordered, dispatched, origin="leipzig", **facts):
    return [shipment(number, ordered, origin, dispatched_at=dispatched, **facts) for number in range(n)]


ASKED = shipment(99, "2026-03-16 09:00")


def test_an_origin_has_a_key_on_every_level_widest_first():
    keys = origins.origin_keys(orders_of([live(ASKED), live(shipment(1, "2026-03-16 09:00", "wien"))], CARRIERS))
    assert list(zip(*keys, strict=True)) == [("*", "DE-SN", "leipzig"), ("*", "AT-9", "wien")]
    assert len(keys) == len(origins.LEVELS)


def test_dispatches_on_the_planned_day_are_not_late():
    (punctual,) = columns_of(parcels(50, "2026-03-09 09:00", "2026-03-09 15:00"), ASKED)
    (late,) = columns_of(parcels(50, "2026-03-09 09:00", "2026-03-11 15:00"), ASKED)
    assert (punctual["handling_28d_parcels"], late["handling_28d_parcels"]) == (50, 50)
    assert punctual["late_dispatch_28d_share"] < 0.1
    assert late["late_dispatch_28d_share"] > 0.9
    assert late["handling_28d_mean_days"] == pytest.approx(2.0, abs=0.3)
    assert late["handling_28d_p10_days"] < late["handling_28d_p50_days"] < late["handling_28d_p90_days"]


def test_the_long_window_remembers_what_the_recent_one_forgot():
    (got,) = columns_of(parcels(50, "2026-01-05 09:00", "2026-01-05 15:00"), ASKED)
    assert (got["handling_28d_parcels"], got["handling_180d_parcels"]) == (0, 50)
    assert got["late_dispatch_180d_share"] < 0.1 < got["late_dispatch_28d_share"]


def test_parcels_that_pile_up_raise_the_backlog():
    usual = [
        shipment(number, f"2026-02-{16 + number:02} 09:00", dispatched_at=f"2026-02-{16 + number:02} 15:00")
        for number in range(12)
    ]
    waiting = [shipment(100 + number, "2026-03-11 09:00") for number in range(20)]
    (quiet,), (busy,) = columns_of(usual, ASKED), columns_of([*usual, *waiting], ASKED)
    assert quiet["origin_backlog_ratio"] < 1.0
    assert busy["origin_backlog_ratio"] > 2.0


def test_an_origin_without_parcels_has_its_usual_backlog():
    (got,) = columns_of(parcels(3, "2026-03-09 09:00", "2026-03-09 15:00", origin="wien"), ASKED)
    assert got["origin_backlog_ratio"] == 1.0
    assert got["handling_28d_parcels"] == 0


def test_dispatches_recorded_after_months_leave_an_empty_backlog_and_no_negative_one():
    rows = parcels(40, "2025-12-01 09:00", "2025-12-01 15:00", dispatched_recorded_at="2026-03-14 08:00")
    (got,) = columns_of(rows, ASKED)
    assert got["handling_28d_parcels"] == 40
    assert got["origin_backlog_ratio"] == 1.0


def test_orders_that_ask_the_same_get_the_same_in_their_order():
    rows = [*parcels(5, "2026-03-09 09:00", "2026-03-11 15:00"), *parcels(5, "2026-03-09 09:00", None, origin="wien")]
    at_wien = shipment(1, "2026-03-16 08:00", "wien")
    together = columns_of(rows, ASKED, at_wien, ASKED)
    assert together == [*columns_of(rows, ASKED), *columns_of(rows, at_wien), *columns_of(rows, ASKED)]
    assert not np.isnan([list(one.values()) for one in together]).any()
