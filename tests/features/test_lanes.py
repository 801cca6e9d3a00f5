import numpy as np
import pytest

from features import lanes
from features.assembly import column_names
from features.history import restricted_mean
from features.orders import orders_of
from tests.features.worlds import CARRIERS, day, live, shipment, sketches_of


def columns_of(rows, asked):
    orders = orders_of([live(asked)], CARRIERS)
    today = int(orders.known_day[0])
    lead = sketches_of(rows, today).snapshot(today).lead
    values, hazards = lanes.lane_features(lead, lanes.lane_keys(orders), orders.known_day)
    return dict(zip(column_names(lanes.COLUMNS), values[0].tolist(), strict=True)), hazards


def parcels(n, ordered, delivered, **facts):
    return [shipment(number, ordered, delivered_at=delivered, **facts) for number in range(n)]


def test_a_lane_has_a_key_on_every_level_widest_first():
    rows = [
        live(shipment(1, "2026-03-10 09:00", carrier="kranich", service="standard", to=("AT", "1010"))),
        live(shipment(2, "2026-03-10 09:00", "waikiki", ("ZZ", None))),
    ]
    keys = lanes.lane_keys(orders_of(rows, CARRIERS))
    assert len(keys) == len(lanes.LEVELS)
    assert list(zip(*(key.tolist() for key in keys), strict=True)) == [
        (
            "*",
            "kranich/standard",
            "kranich/standard DE>AT",
            "kranich/standard DE-SN>AT-9",
            "kranich/standard DE 04>AT 10",
        ),
        ("*", "/", "/ US>ZZ", "/ US-HI>ZZ-", "/ US 96>ZZ "),
    ]


def test_parcels_are_counted_on_their_lane_and_on_their_pair_of_regions():
    same = parcels(3, "2026-03-02 09:00", "2026-03-04 12:00")
    other_area = parcels(2, "2026-03-02 09:00", "2026-03-04 12:00", to=("DE", None))
    got, hazards = columns_of([*same, *other_area], shipment(9, "2026-03-10 09:00"))
    assert (got["lane_parcels"], got["region_parcels"]) == (3, 3)
    assert hazards.evidence.tolist() == [[5, 5, 5, 3, 3]]


def test_a_lane_without_parcels_has_the_hazards_of_the_next_wider_level():
    rows = parcels(9, "2026-03-02 09:00", "2026-03-04 12:00", to=("DE", "04109"))
    _, known = columns_of(rows, shipment(9, "2026-03-10 09:00", to=("DE", None)))
    _, unheard_of = columns_of(rows, shipment(9, "2026-03-10 09:00", to=("DE", "99999")))
    assert unheard_of.evidence.tolist() == [[9, 9, 9, 0, 0]]
    assert np.array_equal(known.hazard, unheard_of.hazard)


def test_the_level_of_a_lane_is_told_in_days_from_planned_dispatch():
    got, hazards = columns_of(parcels(200, "2026-03-02 09:00", "2026-03-04 12:00"), shipment(9, "2026-03-10 09:00"))
    assert 1.0 < got["lead_p25_days"] < got["lead_p50_days"] < got["lead_p75_days"] < 2.0
    assert got["lead_mean_days"] == restricted_mean(hazards.hazard)[0]


def test_slower_parcels_of_late_show_as_a_change():
    before = parcels(30, "2026-01-05 09:00", "2026-01-06 12:00")
    lately = parcels(30, "2026-03-02 09:00", "2026-03-09 12:00")
    slower, _ = columns_of([*before, *lately], shipment(9, "2026-03-16 09:00"))
    steady, _ = columns_of(before, shipment(9, "2026-01-20 09:00"))
    assert slower["lead_recent_change_days"] > 1.0
    assert steady["lead_recent_change_days"] == 0.0


def test_parcels_of_one_age_have_less_spread_than_parcels_of_many():
    same = parcels(40, "2026-03-02 09:00", "2026-03-04 12:00")
    mixed = [
        shipment(number, "2026-03-02 09:00", delivered_at=f"2026-03-{2 + number % 12:02} 12:00") for number in range(40)
    ]
    asked = shipment(99, "2026-03-30 09:00")
    (narrow, hazards), (wide, _) = columns_of(same, asked), columns_of(mixed, asked)
    assert narrow["lead_spread_days"] < 2.0 < wide["lead_spread_days"]
    assert restricted_mean(hazards.hazard)[0] == pytest.approx(2.0, abs=0.5)


def test_nothing_older_than_the_window_is_remembered():
    rows = parcels(3, "2026-03-02 09:00", "2026-03-04 12:00")
    last = day("2026-03-04") + lanes.WINDOW
    for today, counted in ((last, 3), (last + 1, 0)):
        ordered = f"{np.datetime64(today, 'D')} 09:00"
        assert columns_of(rows, shipment(9, ordered))[0]["lane_parcels"] == counted
