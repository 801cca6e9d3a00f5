"""Weather as it was known: training and serving against a loop over bulletins, and nothing from the future."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import weather
from features.assembly import ORDER_COLUMNS, assemble, column_names
from features.orders import EPOCH, orders_of
from features.table import build_sketches, bulletins_of
from features.weather import FIRST, LAST, NO_WEATHER, SPAN, SnapshotWeather, severity
from parcelcast.tables import WEATHER_DAILY
from pipelines.ingest.storage import conformed
from tests.features.test_loads import worlds
from tests.features.worlds import HORIZON, NETWORK, check_same, day, history_of, instant, live, rows_of_worlds, shipment

NAN = float("nan")
REGIONS = (("DE", "SN"), ("DE", "BY"), ("DE", ""), ("BR", ""), ("US", "HI"))
TODAY = day("2026-03-10")


@dataclass(frozen=True)
class Bulletin:
    country: str
    region: str
    day: date
    issued_at: datetime
    temperature_min_c: float = 5.0
    temperature_max_c: float = 9.0
    precipitation_mm: float = 0.0
    snow_mm: float = 0.0
    wind_gust_kmh: float = 20.0


HUBS = {"mitte": "DE-BY", "ost": "DE-HH", "west": "BR-SP", "nirgends": "ZZ-"}


def bulletins(rows):
    """Return bulletins as training reads them, from the canonical table."""
    frame = pd.DataFrame([vars(row) for row in rows], columns=list(WEATHER_DAILY.column_names))
    return bulletins_of(conformed(frame, WEATHER_DAILY), HUBS)


def forecast(on, issued, region=("DE", "BY"), **values):
    return Bulletin(*region, date.fromisoformat(on), instant(issued), **values)


def orders_to(*rows):
    return orders_of([live(row) for row in rows], NETWORK.carriers)


def told(history, row, step, hubs=("", "")):
    """Return the weather columns of the day `step` days after an order that passes these hubs, by name."""
    orders = orders_to(row)
    outlook = weather.way_outlook(history, orders, [np.array([hub], dtype=object) for hub in hubs])
    values = weather.day_features(orders, outlook, np.array([0]), np.array([step]))
    return dict(zip(column_names(weather.DAY_COLUMNS), values[0].tolist(), strict=True))


def severities(history, row, steps, hubs=("", "")):
    return [told(history, row, step, hubs)["day_severity"] for step in steps]


STORM, GALE, BREEZE = 140.0, 65.0, 30.0  # km/h: severities 3, 1 and 0


def test_the_forecast_of_the_evening_before_counts_and_that_of_the_morning_does_not():
    known = bulletins([
        forecast("2026-03-11", "2026-03-09 22:00", wind_gust_kmh=GALE),
        forecast("2026-03-11", "2026-03-09 04:00", wind_gust_kmh=BREEZE),
        forecast("2026-03-11", "2026-03-10 00:00", wind_gust_kmh=STORM),
    ])  # fmt: skip
    assert severities(known, shipment(1, "2026-03-10 09:00"), [1]) == [1.0]
    assert severities(known, shipment(1, "2026-03-11 09:00"), [0]) == [3.0]


def test_days_are_as_severe_as_the_worse_end_of_the_way():
    known = bulletins([
        forecast("2026-03-11", "2026-03-09 22:00", ("DE", "SN"), wind_gust_kmh=GALE),
        forecast("2026-03-11", "2026-03-09 22:00", wind_gust_kmh=BREEZE),
        forecast("2026-03-12", "2026-03-09 22:00", wind_gust_kmh=STORM),
    ])  # fmt: skip
    got = severities(known, shipment(1, "2026-03-10 09:00"), [0, 1, 2])
    assert got == pytest.approx([NAN, 1.0, 3.0], nan_ok=True)


def test_days_are_as_severe_as_the_worst_hub_on_the_way():
    row = shipment(1, "2026-03-10 09:00", to=("DE", "04109"))
    known = bulletins([
        forecast("2026-03-11", "2026-03-09 22:00", ("DE", "SN"), wind_gust_kmh=BREEZE),
        forecast("2026-03-11", "2026-03-09 22:00", wind_gust_kmh=GALE),
        forecast("2026-03-11", "2026-03-09 22:00", ("DE", ""), wind_gust_kmh=STORM),
    ])  # fmt: skip
    for history in (known, known.snapshot(TODAY)):
        assert severities(history, row, [1]) == [0.0]
        assert severities(history, row, [1], ("mitte", "")) == [1.0]
        assert severities(history, row, [1], ("mitte", "ost")) == [3.0]  # of Hamburg nothing but its country is known
        assert severities(history, row, [1], ("", "west")) == [0.0]
        assert severities(history, row, [1], ("nirgends", "nobody's")) == [0.0]


def test_severities_add_up_from_the_planned_dispatch_to_the_day_before():
    # A Friday after the cut-off: dispatched on Monday the 16th.
    known = bulletins([
        forecast(f"2026-03-{number}", "2026-03-12 22:00", wind_gust_kmh=GALE) for number in range(10, 19)
    ])  # fmt: skip
    row = shipment(1, "2026-03-13 16:00")
    got = [told(known, row, step)["day_severity_before"] for step in (0, 3, 4, 6, 20)]
    assert got == [0.0, 0.0, 1.0, 3.0, 3.0]


def test_severities_of_the_way_add_up_from_the_planned_dispatch_as_far_as_they_are_known():
    # A Friday after the cut-off: dispatched on Monday the 16th.
    known = bulletins([forecast(f"2026-03-{on}", "2026-03-12 22:00", wind_gust_kmh=GALE) for on in (13, 14, 16, 18)])
    rows = (shipment(1, "2026-03-13 16:00"), shipment(2, "2026-03-13 08:00"), shipment(3, "2026-04-13 08:00"))
    orders = orders_to(*rows)
    got = weather.order_features(orders, weather.way_outlook(known, orders, ()))
    assert got == pytest.approx(np.array([[1.0, 2.0], [2.0, 3.0], [NAN, NAN]]), nan_ok=True)


def test_snow_makes_a_day_severe_and_the_same_rain_does_not():
    known = bulletins([
        forecast("2026-03-11", "2026-03-09 22:00", precipitation_mm=20.0, temperature_max_c=-4.0),
        forecast("2026-03-12", "2026-03-09 22:00", precipitation_mm=20.0),
        forecast("2026-03-13", "2026-03-09 22:00", precipitation_mm=50.0),
    ])  # fmt: skip
    assert severities(known, shipment(1, "2026-03-10 09:00"), [1, 2, 3]) == [2.0, 0.0, 2.0]


def test_a_region_of_which_nothing_is_known_has_what_is_said_of_its_country():
    known = bulletins([forecast("2026-03-11", "2026-03-09 22:00", ("BR", ""), wind_gust_kmh=GALE)])
    assert severities(known, shipment(1, "2026-03-10 09:00", to=("BR", "01310100")), [1]) == [1.0]


def test_without_weather_every_column_is_empty_and_nothing_fails():
    rows = [shipment(1, "2026-03-10 09:00"), shipment(2, "2026-03-10 19:00")]
    history = history_of(rows)
    table = assemble(history.orders, build_sketches(history, NETWORK, TODAY + 5).rolling(), HORIZON)
    days = weather.day_features(table.orders, table.outlook, np.array([0, 1]), np.array([0, 9]))
    assert np.isnan(days).all()
    assert np.isnan(table.static[:, [column.family == "weather" for column in ORDER_COLUMNS]]).all()
    assert np.isnan(table.outlook.days).all()
    check_same(assemble(orders_to(*rows), build_sketches(history, NETWORK, TODAY + 5).snapshot(TODAY), HORIZON), table)


def test_an_old_snapshot_tells_of_the_days_that_it_knows():
    old = bulletins([forecast("2026-03-15", "2026-03-09 22:00", wind_gust_kmh=GALE)]).snapshot(TODAY)
    assert severities(old, shipment(1, "2026-03-14 08:00"), [1, 2]) == pytest.approx([1.0, NAN], nan_ok=True)
    assert np.isnan(severities(old, shipment(1, "2026-04-14 08:00"), [1])[0])


_values = st.one_of(st.just(NAN), st.floats(-20, 140, width=16))
_bulletins = st.lists(
    st.builds(
        lambda region, on, hours, values: Bulletin(
            *region, EPOCH + timedelta(days=on), instant("2026-03-01") + timedelta(hours=hours), *values
        ),
        st.sampled_from(REGIONS),
        st.integers(TODAY - 8, TODAY + 25),
        st.integers(0, 30 * 24),
        st.tuples(_values, _values, _values, _values, _values),
    ),
    max_size=60,
    unique_by=lambda one: (one.country, one.region, one.day, one.issued_at),
)


def slowly(rows, country, region, known_day):
    """Return what was known of the days around `known_day`: for each the last of all bulletins issued before it."""
    out = np.full(SPAN, np.nan)
    start = instant("1970-01-01") + timedelta(days=known_day)
    if not any(
        (row.country, row.region) == (country, region)
        and row.issued_at < start
        and FIRST <= (row.day - EPOCH).days - known_day <= LAST
        for row in rows
    ):
        region = ""
    for column, offset in enumerate(range(FIRST, LAST + 1)):
        on = EPOCH + timedelta(days=known_day + offset)
        said = [
            row for row in rows if (row.country, row.region, row.day) == (country, region, on) and row.issued_at < start
        ]
        if said:
            last = max(said, key=lambda row: row.issued_at)
            mean = np.mean([getattr(last, f"temperature_{end}_c") for end in ("min", "max")])
            mean = last.temperature_min_c if np.isnan(last.temperature_max_c) else mean
            out[column] = severity(*(np.array(one) for one in (last.wind_gust_kmh, last.precipitation_mm, mean)))
    return out


@settings(max_examples=60)
@given(
    _bulletins,
    st.lists(st.tuples(st.sampled_from([*REGIONS, ("BR", "SP"), ("ZZ", "")]), st.integers(-3, 15)), max_size=8),
)
def test_an_outlook_is_the_last_word_on_each_day_before_the_day_of_the_order(rows, asked):
    regions = np.array([f"{country}-{region}" for (country, region), _ in asked], dtype=object)
    known_day = np.array([TODAY + offset for _, offset in asked], dtype=np.int64)
    outlook = bulletins(rows).outlook(regions, known_day)
    got = outlook.days[outlook.which]
    assert got.shape == (len(asked), SPAN)
    for one, (place, offset) in zip(got, asked, strict=True):
        assert np.array_equal(one, slowly(rows, *place, TODAY + offset), equal_nan=True)


@settings(max_examples=25)
@given(_bulletins, worlds())
def test_a_snapshot_of_a_day_says_of_its_orders_what_training_says(forecasts, world):
    rows, scans = world
    history = history_of(rows, scans=scans)
    days = np.unique(history.orders.known_day).tolist()
    sketches = build_sketches(history, NETWORK, days[-1] + 40, bulletins(forecasts))
    table = assemble(history.orders, sketches.rolling(), HORIZON)
    row_of = {row["shipment_id"]: row for row in rows}
    for today in days:
        mine = np.flatnonzero(history.orders.known_day == today)
        requests = orders_to(*(row_of[shipment_id] for shipment_id in history.shipment_id[mine]))
        check_same(assemble(requests, sketches.snapshot(today), HORIZON), table.take(mine))


@settings(max_examples=25)
@given(_bulletins, _bulletins, rows_of_worlds(most=8))
def test_what_is_issued_later_moves_no_feature(forecasts, planted, rows):
    history = history_of(rows)
    moment = int(np.median(history.orders.known_day))
    start = instant("1970-01-01") + timedelta(days=moment)
    known = [one for one in forecasts if one.issued_at < start]
    later = [one for one in planted if one.issued_at >= start]
    early = np.flatnonzero(history.orders.known_day <= moment)
    before, after = (
        assemble(history.orders, build_sketches(history, NETWORK, moment, bulletins(issued)).rolling(), HORIZON)
        for issued in (known, known + later)
    )
    check_same(before.take(early), after.take(early))


@given(_bulletins)
def test_a_snapshot_comes_back_from_arrays_equal_to_the_last_bit(rows):
    kept = bulletins(rows).snapshot(TODAY)
    back = SnapshotWeather.from_arrays(kept.to_arrays())
    assert back.regions == kept.regions
    assert np.array_equal(back.days, kept.days, equal_nan=True)
    assert back.day == kept.day or not kept.regions


def test_nothing_comes_back_as_nothing():
    assert SnapshotWeather.from_arrays(NO_WEATHER.to_arrays()).regions == ()
