"""Observed days by region: the files of the nearest stations, kept in a cache, and their mean by distance."""

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.orders import Floats
from parcelcast.calendar import zone
from parcelcast.errors import ParcelcastError

MEASURES = ("temperature_min_c", "temperature_max_c", "precipitation_mm", "snow_mm", "wind_gust_kmh")
_GUST = "wind_gust_kmh"
# A year's file is asked for again when it is older than this: the running year and the one before, and earlier ones.
_FRESH, _SETTLED = timedelta(days=1), timedelta(days=30)
_META = b"parcelcast"
_GIVES_UP = 3
_HOURS = 20  # of a local day that must have been observed before its extremes and sums count
_FEWEST_KM = 1.0  # a station at the very place does not silence the others

Result = TypeVar("Result")


@dataclass(frozen=True)
class StationSite:
    """A weather station near a region."""

    station_id: str
    name: str
    distance_km: float


@dataclass(frozen=True)
class Found:
    """Observed days or hours (index `day`, columns `MEASURES`), whom they are owed to, and under which licences.

    The index holds local dates or, of hours, instants in UTC, both without a time zone.
    """

    frame: pd.DataFrame
    attribution: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()


class Source(Protocol):
    """Where observations come from; its methods raise ParcelcastError when it is not to be had."""

    def nearby(self, latitude: float, longitude: float, radius_km: float, most: int) -> list[StationSite]:
        """Return stations around a point, nearest first."""
        ...

    def daily(self, station: str, year: int) -> Found:
        """Return a station's observed days of a year."""
        ...

    def hourly(self, station: str, year: int) -> Found:
        """Return a station's observed hours of a year in UTC."""
        ...


@dataclass(frozen=True)
class Area:
    """A region that parcels start from or go to, where they do: the middle of their addresses."""

    country: str
    region: str
    latitude: float
    longitude: float
    time_zone: str

    @property
    def key(self) -> str:
        """The region as features name it."""
        return f"{self.country}-{self.region}"


@dataclass
class Archive:
    """A source behind a cache of one Parquet file for each station, year and kind, in a folder of its own.

    A file that is old is asked for again; when that fails, the old one is used. After `_GIVES_UP` failures in a row, or
    when `is_late` says so, the source is not asked any more. `problems` tells what failed.
    """

    source: Source
    folder: Path
    now: datetime
    is_late: Callable[[], bool]
    problems: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _failed: int = 0

    def nearby(self, area: Area, radius_km: float, most: int) -> list[StationSite]:
        """Return stations around an area, those of the last time when the source does not say."""
        path = self.folder / "stations" / f"{area.key}.json"
        sites = self._asked(lambda: self.source.nearby(area.latitude, area.longitude, radius_km, most))
        if sites is not None:
            _replace(path, lambda part: part.write_text(json.dumps([asdict(site) for site in sites]), encoding="utf-8"))
            return sites
        try:
            return [StationSite(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
        except (OSError, TypeError, ValueError):
            return []

    def daily(self, station: str, year: int) -> Found | None:
        """Return a station's observed days of a year; None when neither source nor cache has them."""
        return self._kept("daily", station, year, lambda: self.source.daily(station, year))

    def hourly(self, station: str, year: int) -> Found | None:
        """Return a station's observed hours of a year in UTC; None when neither source nor cache has them."""
        return self._kept("hours", station, year, lambda: self.source.hourly(station, year))  # "hourly" held days once

    def _kept(self, kind: str, station: str, year: int, ask: Callable[[], Found]) -> Found | None:
        path = self.folder / kind / str(year) / f"{station}.parquet"
        cached, age = _read(path, self.now)
        if cached is not None and age < (_FRESH if year >= self.now.year - 1 else _SETTLED):
            self.counts["cached"] += 1
            return cached
        fresh = self._asked(ask)
        if fresh is None:
            self.counts["missing" if cached is None else "outdated"] += 1
            return cached
        self.counts["downloaded"] += 1
        _write(path, fresh, self.now)
        return fresh

    def _asked(self, ask: Callable[[], Result]) -> Result | None:
        if self._failed >= _GIVES_UP:
            return None
        if self.is_late():
            self.problems.append("the time limit was reached; the files that were not read yet are missing")
            self._failed = _GIVES_UP
            return None
        try:
            result = ask()
        except ParcelcastError as error:
            self.problems.append(str(error))
            self._failed += 1
            if self._failed == _GIVES_UP:
                self.problems.append(f"{_GIVES_UP} failures in a row: the source was not asked any more")
            return None
        self._failed = 0
        return result


def _write(path: Path, found: Found, now: datetime) -> None:
    told = {"fetched_at": now.isoformat(), "attribution": found.attribution, "licences": found.licences}
    days = pa.array(found.frame.index.to_numpy().astype("datetime64[s]"))
    table = pa.table({"day": days, **{name: found.frame[name].to_numpy(np.float64) for name in MEASURES}})
    table = table.replace_schema_metadata({_META: json.dumps(told).encode()})
    _replace(path, lambda part: pq.write_table(table, part))


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    write(part)
    part.replace(path)


def _read(path: Path, now: datetime) -> tuple[Found | None, timedelta]:
    """Return a cached file and its age; None when there is none that can be read."""
    try:
        table = pq.read_table(path)
        told = json.loads(table.schema.metadata[_META])
        frame = pd.DataFrame({name: table[name].to_numpy() for name in MEASURES})
        frame.index = pd.DatetimeIndex(table["day"].to_numpy().astype("datetime64[ns]"), name="day")
        age = now - datetime.fromisoformat(told["fetched_at"])
    except (OSError, KeyError, TypeError, ValueError):
        return None, timedelta.max
    return Found(frame, tuple(told["attribution"]), tuple(told["licences"])), age


@dataclass(frozen=True)
class Gathering:
    """How observations are gathered: so many stations within a radius, and hours where days lack the gust."""

    stations: int
    radius_km: float
    hourly: bool


@dataclass(frozen=True)
class Observed:
    """Days of an area (index `day`, columns `MEASURES`) and the stations they were made of."""

    area: Area
    days: pd.DataFrame
    stations: tuple[dict[str, object], ...]
    attribution: tuple[str, ...]
    licences: tuple[str, ...]


def observe(archive: Archive, area: Area, first: date, last: date, how: Gathering) -> Observed:
    """Return the observed days of an area from `first` to `last`, as far as they can be had."""
    days = pd.date_range(first, last, name="day")
    used: list[tuple[StationSite, Floats]] = []
    told: set[str] = set()
    licences: set[str] = set()
    for site in archive.nearby(area, how.radius_km, 4 * how.stations):
        years = [_year(archive, site, area, year, hourly=how.hourly) for year in range(first.year, last.year + 1)]
        found = [one for one in years if one is not None and len(one.frame)]
        if not found:
            continue
        told.update(*(one.attribution for one in found))
        licences.update(*(one.licences for one in found))
        used.append((site, pd.concat([one.frame for one in found]).reindex(days)[list(MEASURES)].to_numpy(np.float64)))
        if len(used) == how.stations:
            break
    values = mean_by_distance([site.distance_km for site, _ in used], [values for _, values in used], len(days))
    frame = pd.DataFrame(values, index=days, columns=list(MEASURES)).dropna(how="all")
    stations = tuple(
        {
            "id": site.station_id,
            "name": site.name,
            "distance_km": round(site.distance_km, 1),
            "days": int((~np.isnan(values)).any(axis=1).sum()),
        }
        for site, values in used
    )
    return Observed(area, frame, stations, tuple(sorted(told)), tuple(sorted(licences)))


def _year(archive: Archive, site: StationSite, area: Area, year: int, *, hourly: bool) -> Found | None:
    """Return the days of a station's year; from its hours what the days lack, where most of them lack the gust."""
    days = archive.daily(site.station_id, year)
    if not hourly or (days is not None and len(days.frame) and days.frame[_GUST].notna().mean() > 0.5):
        return days
    hours = _year_of_hours(archive, site.station_id, year, area.time_zone)
    if days is None or hours.frame.empty:
        return days if hours.frame.empty else hours
    return Found(
        days.frame.combine_first(hours.frame)[list(MEASURES)],
        (*days.attribution, *hours.attribution),
        (*days.licences, *hours.licences),
    )


def _year_of_hours(archive: Archive, station: str, year: int, time_zone: str) -> Found:
    """Return the local days of a station's year, made of its hours.

    Files end with the year in UTC: the day at New Year has some of its hours in the file of another year.
    """
    here = zone(time_zone)
    start, end = (datetime(one, 1, 1, tzinfo=here).astimezone(UTC).replace(tzinfo=None) for one in (year, year + 1))
    files = range(start.year, min((end - timedelta(hours=1)).year, archive.now.year) + 1)
    found = [one for one in (archive.hourly(station, file) for file in files) if one is not None]
    parts = [one.frame[(one.frame.index >= start) & (one.frame.index < end)] for one in found]
    return Found(
        days_of_hours(pd.concat(parts), time_zone) if parts else pd.DataFrame(),
        tuple(name for one in found for name in one.attribution),
        tuple(name for one in found for name in one.licences),
    )


def days_of_hours(hours: pd.DataFrame, time_zone: str) -> pd.DataFrame:
    """Return local days made of hours (UTC): extremes and sums of days of which nearly all hours were observed."""
    if hours.empty:
        return hours
    local = pd.DatetimeIndex(hours.index).tz_localize("UTC").tz_convert(time_zone)
    days = hours.groupby(local.tz_localize(None).normalize())
    table = {
        "temperature_min_c": days["temperature_min_c"].min(),
        "temperature_max_c": days["temperature_min_c"].max(),
        "precipitation_mm": days["precipitation_mm"].sum(),
        "snow_mm": days["snow_mm"].max(),
        "wind_gust_kmh": days["wind_gust_kmh"].max(),
    }
    counts = days.count()
    counts["temperature_max_c"] = counts["temperature_min_c"]
    out = pd.DataFrame(table)
    return out.where(counts[list(out.columns)] >= _HOURS).rename_axis("day").dropna(how="all")


def mean_by_distance(distances_km: Sequence[float], values: Sequence[Floats], days: int) -> Floats:
    """Mean of stations, each weighing 1 / distance squared; of those that know a value. Shape (days, MEASURES).

    Shepard, "A two-dimensional interpolation function for irregularly-spaced data" (1968), with power 2.

    >>> one, two = np.full((1, 5), 10.0), np.full((1, 5), 40.0)
    >>> two[0, 4] = np.nan
    >>> mean_by_distance([10.0, 20.0], [one, two], 1).tolist()
    [[16.0, 16.0, 16.0, 16.0, 10.0]]
    """
    if not values:
        return np.full((days, len(MEASURES)), np.nan)
    stacked = np.stack(values)
    weights = np.where(np.isnan(stacked), 0.0, np.maximum(distances_km, _FEWEST_KM)[:, None, None] ** -2.0)
    total = weights.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.nan_to_num(stacked) * weights).sum(axis=0) / np.where(total > 0, total, np.nan))
