"""What stands for the forecasts that nobody kept: providers that make them from observations.

A shop that keeps real forecasts brings them in its own table weather_daily, with the instant at which each was issued.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.orders import Floats
from pipelines.weather.observations import MEASURES

# An observation of day D is known at noon (UTC) of the day after: the day has ended in every time zone by then.
OBSERVED_AFTER = pd.Timedelta(hours=36)
_COVERED = 40  # days that the normals of a month are issued for, so that the next month's first week has some too
_NEAR = 15  # days around a day of the year that its normal is the mean of
_FEWEST = 10  # observations that make a normal

Days = Mapping[str, pd.DataFrame]


class ForecastProvider(Protocol):
    """Makes forecasts of days, each with the instant at which it would have been issued."""

    @property
    def name(self) -> str:
        """What params.yaml and the provenance call it."""
        ...

    @property
    def optimistic(self) -> bool:
        """Whether it knows more than a forecast could have known."""
        ...

    def forecasts(self, observed: Days, first: date, last: date) -> pd.DataFrame:
        """Return columns region, day, issued_at (UTC, naive) and `MEASURES`; `observed` by region, index day."""
        ...


@dataclass(frozen=True)
class Climatology:
    """Normals of the day of the year: what can be said of a day when there is no forecast.

    On the first of each month normals are issued from the observations known by then, for the days of the month and
    the beginning of the next; so a forecast never holds what was observed after it.
    """

    name: str = "climatology"
    optimistic: bool = False

    def forecasts(self, observed: Days, first: date, last: date) -> pd.DataFrame:
        """Return the normals of the days from `first` to `last`; none for a region with too few observations."""
        months = np.arange(np.datetime64(first, "M") - 1, np.datetime64(last, "M") + 1)
        parts = [_normals(region, days, months) for region, days in observed.items() if len(days)]
        table = pd.concat(parts, ignore_index=True) if parts else _nothing()
        return table[table["day"].between(pd.Timestamp(first), pd.Timestamp(last))]


@dataclass(frozen=True)
class ObservedAsForecast:
    """Observations told `lead_days` before they were made: an upper bound of what forecasts could give.

    Optimistic: no forecast is without error. Never compare a model that was trained or judged with them to one that
    was not. Days without an observation have their normals.
    """

    lead_days: int = 3
    name: str = "observed_as_forecast"
    optimistic: bool = True

    def forecasts(self, observed: Days, first: date, last: date) -> pd.DataFrame:
        """Return the observations of the days from `first` to `last` as if they had been forecast."""
        table = _told(observed, -pd.Timedelta(days=self.lead_days + 1))
        table = table[table["day"].between(pd.Timestamp(first), pd.Timestamp(last))]
        normals = Climatology().forecasts(observed, first, last)
        known = pd.MultiIndex.from_frame(table[["region", "day"]])
        unknown = ~pd.MultiIndex.from_frame(normals[["region", "day"]]).isin(known)
        parts = [part for part in (table, normals[unknown]) if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else table


PROVIDERS: Mapping[str, ForecastProvider] = {one.name: one for one in (Climatology(), ObservedAsForecast())}


def observations(observed: Days) -> pd.DataFrame:
    """Return observed days as rows, with the instant from which they count as known."""
    return _told(observed, OBSERVED_AFTER)


def _told(observed: Days, after: pd.Timedelta) -> pd.DataFrame:
    """Return observed days as rows that are issued so long after the day begins."""
    parts = [
        days.rename_axis("day").reset_index().assign(region=region, issued_at=pd.DatetimeIndex(days.index) + after)
        for region, days in observed.items()
        if len(days)
    ]
    return pd.concat(parts, ignore_index=True) if parts else _nothing()


def _normals(region: str, days: pd.DataFrame, months: NDArray[np.datetime64]) -> pd.DataFrame:
    """Return the normals that are issued on the first of each month."""
    day = days.index.to_numpy().astype("datetime64[D]")
    values = days[list(MEASURES)].to_numpy(np.float64)
    order = np.argsort(day)
    day, values = day[order], values[order]
    parts = []
    sums, counts, known = np.zeros((366, len(MEASURES))), np.zeros((366, len(MEASURES))), 0
    for month in months:
        issue = month.astype("datetime64[D]")
        until = int(np.searchsorted(day, issue - np.timedelta64(1, "D")))  # known at noon of the day after
        where = _day_of_year(day[known:until])
        np.add.at(sums, where, np.nan_to_num(values[known:until]))
        np.add.at(counts, where, ~np.isnan(values[known:until]))
        known = until
        told = issue + np.arange(_COVERED)
        normal = _around(sums)[_day_of_year(told)], _around(counts)[_day_of_year(told)]
        enough = np.where(normal[1] >= _FEWEST, normal[1], np.nan)
        parts.append((told, np.full(len(told), issue), normal[0] / enough))
    table = pd.DataFrame(np.concatenate([part[2] for part in parts]), columns=list(MEASURES))
    table["region"] = region
    table["day"], table["issued_at"] = (
        np.concatenate([part[column] for part in parts]).astype("datetime64[ns]") for column in (0, 1)
    )
    return table.dropna(subset=list(MEASURES), how="all")


def _day_of_year(day: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return the place of dates in a leap year, from 0: 1 March is the same in every year."""
    month = day.astype("datetime64[M]")
    number = month.astype(np.int64) % 12
    leap = np.datetime64("2000-01", "M") + number
    before = leap.astype("datetime64[D]") - np.datetime64("2000-01-01")
    return np.asarray((before + (day - month.astype("datetime64[D]"))).astype(np.int64))


def _around(values: Floats) -> Floats:
    """Return sums over the days around each day of the year; December meets January."""
    wide = np.concatenate([np.zeros((1, values.shape[1])), values[-_NEAR:], values, values[:_NEAR]]).cumsum(axis=0)
    return np.asarray(wide[2 * _NEAR + 1 :] - wide[: -2 * _NEAR - 1])


def _nothing() -> pd.DataFrame:
    empty = {name: pd.Series(dtype=np.float64) for name in MEASURES}
    instants = {name: pd.Series(dtype="datetime64[ns]") for name in ("day", "issued_at")}
    return pd.DataFrame({"region": pd.Series(dtype=object), **instants, **empty})
