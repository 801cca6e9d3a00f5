"""Normals against the slow obvious mean, and without the future."""

from datetime import date

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.weather.forecasts import PROVIDERS, Climatology, ObservedAsForecast
from pipelines.weather.observations import MEASURES

FIRST, LAST = date(2026, 2, 20), date(2026, 4, 8)


def observed(start, gusts):
    """Return days of one region, of which only the gust is known, some not at all."""
    frame = pd.DataFrame({"wind_gust_kmh": gusts}, index=pd.date_range(start, periods=len(gusts), name="day"))
    return {"DE-BY": frame.reindex(columns=list(MEASURES)).dropna(how="all")}


_days = st.lists(st.one_of(st.just(np.nan), st.integers(0, 150).map(float)), min_size=1, max_size=500)
_starts = st.integers(0, 460).map(lambda number: pd.Timestamp("2024-12-01") + pd.Timedelta(days=number))


def slow_normal(days, day, issued):
    """Mean of the days of all years within 15 days of that day of the year, observed and known at the issue."""
    near = []
    for known_day, gust in days["wind_gust_kmh"].items():
        same_year = pd.Timestamp(2000, known_day.month, known_day.day).dayofyear
        apart = abs(same_year - pd.Timestamp(2000, day.month, day.day).dayofyear)
        if known_day + pd.Timedelta(hours=36) <= issued and min(apart, 366 - apart) <= 15:
            near.append(gust)
    return np.mean(near) if len(near) >= 10 else np.nan


@settings(max_examples=15)
@given(_starts, _days, st.data())
def test_a_normal_is_the_mean_of_the_days_around_it_in_earlier_years(start, gusts, data):
    history = observed(start, gusts)
    table = Climatology().forecasts(history, FIRST, LAST)
    for row in table.sample(min(len(table), 5), random_state=1).itertuples():
        expected = slow_normal(history["DE-BY"], row.day, row.issued_at)
        assert np.isclose(row.wind_gust_kmh, expected)
    if table.empty:
        assert np.isnan(slow_normal(history["DE-BY"], pd.Timestamp("2026-03-20"), pd.Timestamp("2026-03-01")))


@settings(max_examples=15)
@given(_starts, _days, st.integers(0, 150))
def test_what_is_observed_later_changes_no_normal_that_was_issued_before(start, gusts, planted):
    history = observed(start, gusts)
    later = pd.Timestamp("2026-02-28")  # known at noon of 1 March, after the issue of that day
    changed = {name: days.copy() for name, days in history.items()}
    changed["DE-BY"].loc[changed["DE-BY"].index >= later, "wind_gust_kmh"] = float(planted)
    before, after = (Climatology().forecasts(one, FIRST, LAST) for one in (history, changed))
    early = [table[table["issued_at"] <= "2026-03-01"].reset_index(drop=True) for table in (before, after)]
    pd.testing.assert_frame_equal(*early)


def test_every_day_of_the_orders_and_of_the_week_after_has_a_normal():
    table = Climatology().forecasts(observed("2025-01-01", [50.0] * 420), FIRST, LAST)
    for today in pd.date_range(FIRST, LAST):
        known = table[table["issued_at"] < today]
        ahead = pd.date_range(today, min(today + pd.Timedelta(days=7), pd.Timestamp(LAST)))
        assert set(ahead) <= set(known["day"])


def test_an_observation_told_as_a_forecast_is_known_three_days_ahead_and_normals_do_not_replace_it():
    table = ObservedAsForecast(lead_days=3).forecasts(observed("2025-01-01", [50.0] * 430), FIRST, LAST)
    of_day = table[table["day"] == "2026-03-02"]
    assert of_day["issued_at"].tolist() == [pd.Timestamp("2026-02-26")]
    assert {name: provider.optimistic for name, provider in PROVIDERS.items()} == {
        "climatology": False,
        "observed_as_forecast": True,
    }


def test_without_observations_there_is_no_forecast():
    for provider in PROVIDERS.values():
        assert provider.forecasts({}, FIRST, LAST).empty
        assert provider.forecasts(observed("2026-03-01", [np.nan]), FIRST, LAST).empty
