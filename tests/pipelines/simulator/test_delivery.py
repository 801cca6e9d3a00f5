import numpy as np
import pandas as pd
import pytest

from parcelcast.calendar import holiday_dates
from parcelcast.place import PlaceIndex
from parcelcast.shipment import Carrier


@pytest.fixture(scope="module")
def places(deliveries):
    index = PlaceIndex.default()
    keys = zip(deliveries["destination_country"], deliveries["destination_postal_code"], strict=True)
    return [index.find(*key) for key in keys]


def test_nobody_delivers_on_sundays_or_on_holidays_of_the_region(deliveries, places, tables):
    weekdays = tables["carriers"].drop_duplicates("carrier").set_index("carrier")["delivery_weekdays"]
    calendars = {
        name: Carrier(name, delivery_weekdays=frozenset(int(digit) for digit in text))
        for name, text in weekdays.items()
    }
    regional = 0
    for row, place in zip(deliveries.itertuples(), places, strict=True):
        assert row.delivered_on.weekday() != 6
        if pd.isna(row.pickup_point_at):
            assert calendars[row.carrier].delivery_calendar(place).is_working(row.delivered_on)
        closed = holiday_dates(place.country, place.region, [row.delivered_on.year])
        assert row.delivered_on not in closed
        regional += bool(closed - holiday_dates(place.country, None, [row.delivered_on.year]))
    assert regional > 100


def test_carriers_that_rest_on_saturday_do(deliveries):
    to_the_door = deliveries[deliveries["pickup_point_at"].isna()]
    saturdays = pd.to_datetime(to_the_door["delivered_on"]).dt.weekday == 5
    assert not saturdays[to_the_door["carrier"] == "grenzgaenger"].any()
    assert saturdays[to_the_door["carrier"] == "kranich"].mean() > 0.05


def test_lost_days_make_parcels_slower(deliveries):
    causes = [name for name in deliveries.columns if name.endswith("_days") and name != "quoted_transit_days"]
    lost = deliveries[causes].sum(axis=1)
    lead = (pd.to_datetime(deliveries["delivered_on"]) - pd.to_datetime(deliveries["planned_dispatch_on"])).dt.days
    home = deliveries["delivery_mode"] == "home"
    smooth, rough = lead[home & (lost == 0)], lead[home & (lost > 0)]
    assert len(smooth) > 500
    assert len(rough) > 200
    assert rough.mean() > smooth.mean() + 1.0


def test_a_failed_attempt_is_followed_by_another_day_or_a_pickup_point(deliveries, tables):
    scans = tables["scans"]
    attempted = set(scans.loc[scans["code"] == "delivery_attempted", "shipment_id"])
    tried = deliveries[deliveries["shipment_id"].isin(attempted)]
    assert len(tried) > 20
    assert (tried["attempts_days"] > 0).all()
    attempt = scans[scans["code"] == "delivery_attempted"].groupby("shipment_id")["occurred_at"].min()
    later = tried["delivered_at"].dt.date > tried["shipment_id"].map(attempt).dt.date
    assert (later | tried["pickup_point_at"].notna()).all()


def test_parcels_for_a_pickup_point_lie_there_first(deliveries):
    fetched = deliveries[deliveries["delivery_mode"].isin(["pickup_point", "locker"])]
    assert fetched["pickup_point_at"].notna().all()
    assert (fetched["pickup_point_at"] < fetched["delivered_at"]).all()
    waited = (fetched["delivered_at"] - fetched["pickup_point_at"]).dt.days
    assert 0 < np.mean(waited) < 3
