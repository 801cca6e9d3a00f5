"""The stage with the real Meteostat library against files in its own format: what it finds, and what it survives."""

import importlib
import json
import logging
import math
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pandas as pd
import pytest

from parcelcast.place import PlaceIndex
from parcelcast.tables import ORIGINS, SHIPMENTS, WEATHER_DAILY
from pipelines.ingest.storage import conformed, load_table, write_table
from pipelines.weather import WeatherParameters, told_of_weather, weather
from tests.features.worlds import frame_of, shipment
from tests.pipelines.weather.bulk_files import Bulk, daily_file, hourly_file, serving, stations_database

# What the library warns its own developers of is not our concern.
pytestmark = pytest.mark.filterwarnings("ignore")
DOOR = "pipelines.weather.meteostat_door"
NEAR, FAR, LEIPZIG = "10865", "10870", "10469"
CALM = {"tmin": 1.0, "tmax": 5.0, "prcp": 0.2, "snwd": 3, "wpgt": 30.0}
GIVEN = {
    "source": "meteostat", "forecast": "climatology", "stations": 2, "radius_km": 60.0, "hourly": False,
    "years_before": 1, "timeout_s": 3.0, "attempts": 1, "time_limit_s": 60.0,
}  # fmt: skip


@dataclass
class Result:
    told: dict
    table: pd.DataFrame | None

    def on(self, day, region="BY", *, issued=None):
        """Return the rows of a day in Bavaria, or the one issued at an instant."""
        rows = self.table[(self.table["region"] == region) & (self.table["day"] == day)]
        return rows if issued is None else rows[rows["issued_at"] == pd.Timestamp(issued, tz="UTC")].iloc[0]


@pytest.fixture
def bulk(tmp_path):
    """A server with two years of calm days at all stations, but none of 2025 at the one farther away."""
    bulk = Bulk()
    bulk.files["/stations.db"] = stations_database(tmp_path)
    for year in (2025, 2026):
        days = [date(year, 1, 1) + timedelta(days=number) for number in range(365 if year == 2025 else 78)]
        for station in (NEAR, LEIPZIG):
            bulk.files[f"/daily/{year}/{station}.csv.gz"] = daily_file(year, dict.fromkeys(days, CALM))
    with serving(bulk):
        yield bulk


@pytest.fixture
def run(bulk, tmp_path, monkeypatch):
    origins = pd.DataFrame([{"origin_id": "leipzig", "country": "DE", "postal_code": "04109", "calendar": "{}",
                             "handling_days": 0}])  # fmt: skip
    write_table(conformed(origins, ORIGINS), ORIGINS, tmp_path / "validated")
    orders = [shipment(number, f"2026-03-{number:02} 09:00") for number in (2, 10)]
    write_table(frame_of(orders), SHIPMENTS, tmp_path / "validated")

    def stage(now="2026-03-20 06:00", **changes) -> Result:
        # The library reads its addresses when it is first imported; each run imports it anew.
        for name in [name for name in sys.modules if name.split(".")[0] == "meteostat" or name == DOOR]:
            monkeypatch.delitem(sys.modules, name)
        for name, value in bulk.environment().items():
            monkeypatch.setenv(name, value)
        parameters = WeatherParameters(**(GIVEN | {"cache": tmp_path / "cache"} | changes))
        out, present = tmp_path / "weather", datetime.fromisoformat(now).replace(tzinfo=UTC)
        weather(tmp_path / "validated", out, parameters, PlaceIndex.default(), present)
        told = json.loads((out / "provenance.json").read_text())
        has_table = (out / "weather_daily.parquet").is_file()
        return Result(told, load_table(out, WEATHER_DAILY) if has_table else None)

    return stage


def test_observations_are_known_at_noon_of_the_day_after_and_normals_from_the_first_of_the_month(bulk, run):
    got = run()
    rows = got.on("2026-03-05")
    assert rows["issued_at"].dt.strftime("%m-%d %H:%M").tolist() == ["02-01 00:00", "03-01 00:00", "03-06 12:00"]
    assert (rows["snow_mm"] - 30.0).abs().max() < 1e-9  # the files hold centimetres
    assert set(got.table["region"]) == {"BY", "SN"}
    assert got.on("2026-03-18")["issued_at"].dt.strftime("%m-%d").tolist() == ["02-01", "03-01", "03-19"][1:]
    assert got.told["problems"] == []
    assert got.told["attribution"] == ["Deutscher Wetterdienst", "Meteostat"]
    assert "CC BY 4.0" in got.told["licence"]
    assert got.told["forecast"] == {"provider": "climatology", "optimistic": False}
    assert [one["id"] for one in got.told["areas"]["DE-BY"]["stations"]] == [NEAR]


def test_stations_weigh_by_the_square_of_their_distance(bulk, run):
    day = date(2026, 3, 5)
    for station, gust in ((NEAR, 40.0), (FAR, 100.0)):
        bulk.files[f"/daily/2026/{station}.csv.gz"] = daily_file(2026, {day: CALM | {"wpgt": gust}})
    got = run()
    stations = got.told["areas"]["DE-BY"]["stations"]
    weights = {one["id"]: one["distance_km"] ** -2 for one in stations}
    expected = (40.0 * weights[NEAR] + 100.0 * weights[FAR]) / sum(weights.values())
    assert got.on("2026-03-05", issued="2026-03-06 12:00")["wind_gust_kmh"] == pytest.approx(expected, rel=0.02)


def test_what_a_model_said_is_not_an_observation_even_where_it_was_mixed_with_one(bulk, run):
    days = [date(2026, 3, number) for number in (4, 5, 6)]
    bulk.files[f"/daily/2026/{NEAR}.csv.gz"] = daily_file(
        2026,
        {day: CALM | {"wpgt": 90.0} for day in days},
        {days[0]: "dwd_mosmix", days[1]: "isd_lite dwd_mosmix", days[2]: "isd_lite dwd_hourly"},
    )
    got = run()
    observed = got.table[(got.table["region"] == "BY") & (got.table["issued_at"].dt.hour == 12)]
    assert observed["day"].dt.day.tolist() == [6]


def test_a_second_run_asks_for_nothing_and_finds_the_same(bulk, run):
    first = run()
    asked = len(bulk.asked)
    again = run()
    assert len(bulk.asked) == asked
    pd.testing.assert_frame_equal(again.table, first.table)
    assert again.told["files"] == {"cached": sum(first.told["files"].values())}


def test_without_a_server_old_files_do(bulk, run):
    first = run()
    bulk.files.clear()
    bulk.silent = set(bulk.asked)
    later = run(now="2026-05-20 06:00", timeout_s=1.0)
    pd.testing.assert_frame_equal(later.table, first.table)
    assert later.told["files"]["outdated"] > 0
    assert "3 failures in a row" in later.told["problems"][-1]


def test_when_the_time_is_up_nobody_is_asked(bulk, run):
    got = run(time_limit_s=1e-9)
    assert (got.table, bulk.asked) == (None, [])
    assert "time limit" in got.told["problems"][0]


def test_without_server_and_files_the_shops_own_weather_gives_the_normals(bulk, run, tmp_path):
    days = pd.date_range("2025-01-01", "2026-03-10")
    own = pd.DataFrame({"country": "DE", "region": "BY", "day": days, "wind_gust_kmh": 44.0,
                        "issued_at": (days + pd.Timedelta(hours=30)).tz_localize("UTC")})  # fmt: skip
    write_table(conformed(own, WEATHER_DAILY), WEATHER_DAILY, tmp_path / "validated")
    bulk.address = "http://127.0.0.1:9"  # nobody listens there
    got = run()
    assert got.on("2026-03-12", issued="2026-03-01")["wind_gust_kmh"] == pytest.approx(44.0)
    assert got.told["areas"]["DE-BY"]["from"] == "the shop's own table"
    assert got.told["areas"]["DE-SN"]["from"] == "nowhere"
    assert len(got.told["problems"]) == 2


def test_without_anything_the_stage_ends_well_and_says_so(bulk, run):
    bulk.address = "http://127.0.0.1:9"
    got = run()
    assert (got.table, got.told["rows"]) == (None, 0)
    assert got.told["problems"]


def test_a_file_that_breaks_off_is_a_problem_and_is_read_the_next_time(bulk, run):
    path = f"/daily/2026/{NEAR}.csv.gz"
    bulk.broken = {path}
    got = run()
    assert NEAR in got.told["problems"][0]
    assert got.on("2026-03-05")["issued_at"].dt.hour.eq(0).all()
    assert got.on("2026-03-05", "SN")["issued_at"].dt.hour.max() == 12
    bulk.broken = set()
    assert run().on("2026-03-05")["issued_at"].dt.hour.max() == 12


def test_a_list_of_stations_that_breaks_off_is_not_kept(bulk, run):
    bulk.broken = {"/stations.db"}
    assert run().table is None
    bulk.broken = set()
    assert run().told["problems"] == []


@pytest.mark.parametrize("how", ["silent", "dripping"])
def test_a_slow_file_is_given_up_and_the_others_are_read(bulk, run, how):
    setattr(bulk, how, {f"/daily/2026/{NEAR}.csv.gz"})
    got = run(timeout_s=0.5, attempts=2)
    assert "2 tries" in got.told["problems"][0]
    assert got.on("2026-03-05", "SN")["issued_at"].dt.hour.max() == 12
    assert bulk.asked.count(f"/daily/2026/{NEAR}.csv.gz") == 2


def test_a_read_does_not_hear_of_the_failure_of_one_that_was_given_up(tmp_path, monkeypatch, caplog):
    door_module = importlib.import_module(DOOR)
    is_given_up, has_failed = threading.Event(), threading.Event()
    empty = SimpleNamespace(fetch=lambda squash: None, licenses=[])

    def daily(station, *_, **__):
        if station.id == NEAR:
            is_given_up.wait(10)
            logging.getLogger("meteostat").warning("connection reset")
            has_failed.set()
        else:
            is_given_up.set()
            has_failed.wait(10)
        return empty

    monkeypatch.setattr(door_module.meteostat, "daily", daily)
    door = door_module.MeteostatDoor(tmp_path, door_module.Limits(timeout_s=0.1, attempts=1))
    with pytest.raises(door_module.SourceUnavailable, match="no whole answer"):
        door.daily(NEAR, 2026)

    assert door.daily(FAR, 2026).frame.empty
    assert caplog.records == []
    assert logging.getLogger("meteostat").propagate


def test_hours_fill_what_the_days_lack_by_the_clock_of_each_region(bulk, run, tmp_path):
    """Munich's station stands for London too: the hour of the storm is of the next day in Munich only."""
    orders = [shipment(1, "2026-03-02 09:00"), shipment(2, "2026-03-10 09:00", to=("GB", None))]
    write_table(frame_of(orders), SHIPMENTS, tmp_path / "validated")
    start, storm = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, 23, tzinfo=UTC)
    hours = {start + timedelta(hours=number): {"temp": 2.0, "prcp": 0.1, "wpgt": 20.0} for number in range(100)}
    hours[storm] = {"temp": 2.0, "prcp": 0.1, "wpgt": 110.0}
    bulk.files[f"/hourly/2026/{NEAR}.csv.gz"] = hourly_file(hours)
    days = [date(2026, 3, number) for number in range(1, 9)]
    no_gust = {name: value for name, value in CALM.items() if name != "wpgt"}
    bulk.files[f"/daily/2026/{NEAR}.csv.gz"] = daily_file(2026, dict.fromkeys(days, no_gust))
    bulk.files = {path: content for path, content in bulk.files.items() if LEIPZIG not in path}
    got = run(hourly=True, stations=1, radius_km=1500.0)

    def gusts(region):
        observed = [got.on(f"2026-03-0{day}", region, issued=f"2026-03-0{day + 1} 12:00") for day in (3, 4, 5, 6)]
        return [row["wind_gust_kmh"] for row in observed]

    assert gusts("BY") == pytest.approx([20.0, 110.0, 20.0, math.nan], nan_ok=True)
    assert gusts("") == pytest.approx([110.0, 20.0, 20.0, math.nan], nan_ok=True)
    assert got.on("2026-03-04", issued="2026-03-05 12:00")["temperature_max_c"] == 5.0
    asked = len(bulk.asked)
    run(hourly=True, stations=1, radius_km=1500.0)
    assert len(bulk.asked) == asked


def test_a_storm_in_the_last_hour_of_the_year_is_of_new_years_day_in_munich(bulk, run, tmp_path):
    write_table(frame_of([shipment(1, "2026-01-02 09:00")]), SHIPMENTS, tmp_path / "validated")
    storm = datetime(2025, 12, 31, 23, tzinfo=UTC)
    for year in (2025, 2026):
        around = (storm + timedelta(hours=number) for number in range(-72, 72))
        hours = {at: {"temp": 2.0, "wpgt": 110.0 if at == storm else 20.0} for at in around if at.year == year}
        bulk.files[f"/hourly/{year}/{NEAR}.csv.gz"] = hourly_file(hours)
        bulk.files.pop(f"/daily/{year}/{NEAR}.csv.gz")
    got = run(hourly=True, stations=1)
    assert got.on("2026-01-01", issued="2026-01-02 12:00")["wind_gust_kmh"] == pytest.approx(110.0)
    assert got.on("2025-12-31", issued="2026-01-01 12:00")["wind_gust_kmh"] == pytest.approx(20.0)


def test_observations_told_as_forecasts_are_marked_as_optimistic(bulk, run, tmp_path):
    got = run(forecast="observed_as_forecast")
    assert got.told["forecast"] == {"provider": "observed_as_forecast", "optimistic": True}
    expected = {"source": "meteostat", "forecast": "observed_as_forecast", "optimistic": True}
    assert told_of_weather(tmp_path / "weather") == expected
    issued = got.on("2026-03-05")["issued_at"].dt.strftime("%m-%d %H").tolist()
    assert issued == ["03-01 00", "03-06 12"]


def test_days_to_come_have_their_normals(bulk, run):
    got = run(forecast="observed_as_forecast", now="2026-03-09 06:00")
    assert got.on("2026-03-12")["issued_at"].dt.strftime("%m-%d %H").tolist() == ["02-01 00", "03-01 00"]
