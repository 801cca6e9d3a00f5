"""Days made of hours by the clock of a region, where files end with the year in UTC."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from parcelcast.errors import ParcelcastError
from pipelines.weather.observations import MEASURES, Archive, Area, Found, Gathering, StationSite, observe

STORM = pd.Timestamp("2025-12-31 23:00")  # UTC; the hour in which the year ends in Berlin
NOW = datetime(2026, 1, 10, tzinfo=UTC)


class Calm:
    """A station that tells calm hours from November to January but for the storm, and no days."""

    def __init__(self, storm: pd.Timestamp) -> None:
        self.storm, self.asked, self.lost = storm, Counter(), set()

    def nearby(self, latitude, longitude, radius_km, most):
        return [StationSite("1", "Calm", 10.0)]

    def daily(self, station, year):
        return Found(pd.DataFrame(columns=list(MEASURES), index=pd.DatetimeIndex([], name="day"), dtype=float))

    def hourly(self, station, year):
        self.asked[year] += 1
        if year in self.lost:
            raise ParcelcastError("nobody answers")
        hours = pd.date_range("2025-11-01", "2026-01-09", freq="h", name="day")
        frame = pd.DataFrame(1.0, index=hours, columns=list(MEASURES)).assign(wind_gust_kmh=20.0)
        frame.loc[self.storm, "wind_gust_kmh"] = 110.0
        return Found(frame[hours.year == year])


def observed(source, folder, time_zone):
    area = Area("XX", "", 0.0, 0.0, time_zone)
    archive = Archive(source, folder, NOW, lambda: False)
    return observe(archive, area, date(2025, 1, 1), NOW.date(), Gathering(1, 100.0, hourly=True)).days


@pytest.mark.parametrize(
    ("time_zone", "day"),
    [("Europe/Berlin", "2026-01-01"), ("Europe/London", "2025-12-31"), ("America/Los_Angeles", "2025-12-31")],
)
def test_a_storm_in_the_hour_in_which_the_year_ends_is_of_the_local_day(tmp_path, time_zone, day):
    days = observed(Calm(STORM), tmp_path, time_zone)
    assert days.index[days["wind_gust_kmh"] == 110.0].strftime("%Y-%m-%d").tolist() == [day]


@pytest.mark.parametrize("time_zone", ["Europe/Berlin", "Pacific/Kiritimati", "America/Sao_Paulo", "Pacific/Honolulu"])
@pytest.mark.parametrize("hours", [-15, -1, 0, 2, 13])
def test_no_hour_around_new_year_is_lost(tmp_path, time_zone, hours):
    storm = STORM + timedelta(hours=hours)
    days = observed(Calm(storm), tmp_path, time_zone)
    local = storm.tz_localize("UTC").tz_convert(time_zone).date().isoformat()
    assert days.index[days["wind_gust_kmh"] == 110.0].strftime("%Y-%m-%d").tolist() == [local]
    assert days.loc["2025-12-30":"2026-01-02", "precipitation_mm"].tolist() == [24.0] * 4


def test_each_file_is_asked_for_once_whatever_the_zone(tmp_path):
    source = Calm(STORM)
    for time_zone in ("Europe/Berlin", "America/Los_Angeles"):
        observed(source, tmp_path, time_zone)
    assert source.asked == {2024: 1, 2025: 1, 2026: 1}


def test_a_year_whose_neighbour_is_not_to_be_had_stays_and_is_whole_the_next_time(tmp_path):
    source = Calm(STORM)
    source.lost = {2025}
    assert observed(source, tmp_path, "Europe/Berlin")["wind_gust_kmh"].max() == 20.0
    source.lost = set()
    assert observed(source, tmp_path, "Europe/Berlin").loc["2026-01-01", "wind_gust_kmh"] == 110.0
