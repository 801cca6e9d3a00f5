import json

import pandas as pd
import pytest

from parcelcast.calendar import WorkingCalendar
from parcelcast.tables import DELIVERY_MODES, STATUSES, TABLES
from pipelines.ingest.storage import arrow_schema
from pipelines.simulator.library import small_world


@pytest.mark.parametrize("name", sorted(TABLES))
def test_tables_have_the_canonical_columns_and_no_required_value_is_missing(name, tables):
    assert tables[name].columns.tolist() == list(TABLES[name].column_names)
    assert len(tables[name])
    assert not tables[name][list(TABLES[name].required_columns)].isna().any(axis=None)
    assert not tables[name].duplicated(list(TABLES[name].key)).any()


def test_a_seed_gives_the_same_history_to_the_last_byte_and_another_seed_another():
    one, same, other = (small_world(seed, shipments=400, days=20) for seed in (3, 3, 4))
    for name, table in one.items():
        assert table.equals(same[name]), name
    assert one["shipments"].schema == arrow_schema(TABLES["shipments"])
    assert not one["shipments"].equals(other["shipments"])
    assert not one["weather_daily"].equals(other["weather_daily"])


def test_every_shipment_is_told_once_with_what_is_known_of_it(tables):
    shipments, truth = tables["shipments"], tables["truth"]
    assert shipments["shipment_id"].tolist() == truth["shipment_id"].tolist()
    assert set(shipments["status"]) <= set(STATUSES)
    assert set(shipments["delivery_mode"]) == set(DELIVERY_MODES)
    assert (shipments["delivered_at"].notna() == (shipments["status"] == "delivered")).all()
    assert (shipments["delivered_at"].isna() == shipments["delivered_recorded_at"].isna()).all()
    known = shipments["delivered_at"].notna()
    assert (shipments.loc[known, "delivered_recorded_at"] >= shipments.loc[known, "delivered_at"]).all()
    assert (shipments.loc[known, "delivered_at"] == truth.loc[known, "delivered_at"]).all()


def test_the_truth_knows_the_end_of_every_story(tables):
    truth = tables["truth"]
    assert set(truth["final_status"]) <= {"delivered", "returned", "lost", "cancelled"}
    delivered = truth["final_status"] == "delivered"
    assert (truth["delivered_at"].notna() == delivered).all()
    local = truth.loc[delivered, "delivered_at"].dt.tz_convert("Europe/Berlin").dt.date
    assert (local == truth.loc[delivered, "delivered_on"]).all()
    assert (truth.loc[delivered, "ended_on"] == truth.loc[delivered, "delivered_on"]).all()


def test_most_promises_hold_and_some_do_not(deliveries):
    promised = deliveries.dropna(subset=["promised_on"])
    late = pd.to_datetime(promised["delivered_on"]) > pd.to_datetime(promised["promised_on"])
    assert 0.05 < late.mean() < 0.25
    assert 0.01 < deliveries["promised_on"].isna().mean() < 0.1
    assert deliveries["quoted_transit_days"].between(1, 9).sum() == deliveries["quoted_transit_days"].notna().sum()


def test_warehouses_tell_their_calendar_and_pickups(tables):
    for row in tables["origins"].itertuples():
        calendar = WorkingCalendar.from_dict(json.loads(row.calendar))
        assert calendar.time_zone == "Europe/Berlin"
        assert all(set(days) == set(calendar.weekdays) for days in json.loads(row.pickup_weekdays).values())


def test_weather_is_told_as_it_was_known(tables):
    weather = tables["weather_daily"]
    of_a_region = weather[(weather["country"] == "DE") & (weather["region"] == "SN")]
    day = of_a_region[pd.to_datetime(of_a_region["day"]) == "2026-02-10"].sort_values("issued_at")
    midnights = pd.date_range("2026-02-05", "2026-02-11", tz="Europe/Berlin")
    assert day["issued_at"].dt.tz_convert("Europe/Berlin").tolist() == midnights.tolist()
    # The last forecast is of the day itself; the observation a day later agrees with it.
    assert day["wind_gust_kmh"].iloc[-1] == day["wind_gust_kmh"].iloc[-2]
    assert len(set(day["wind_gust_kmh"])) > 1
    assert (weather["temperature_min_c"] < weather["temperature_max_c"]).all()
