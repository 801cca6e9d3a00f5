"""The door to Meteostat: station files, observations only, with time limits, retries and a plain account of failures.

The library answers None to everything that goes wrong and tells the reason to its log, waits for a silent server for
ever, and fills gaps with model output unless told otherwise; a model that saw the day must not pass as an observation.
"""

import logging
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import meteostat
import numpy as np
import pandas as pd
from meteostat.core.providers import provider_service
from meteostat.enumerations import Grade

from parcelcast.errors import ParcelcastError
from pipelines.weather.observations import MEASURES, Found, StationSite

# Names in our tables of what the library calls otherwise, and its unit in ours.
_DAILY = {"tmin": ("temperature_min_c", 1.0), "tmax": ("temperature_max_c", 1.0), "prcp": ("precipitation_mm", 1.0),
          "snwd": ("snow_mm", 10.0), "wpgt": ("wind_gust_kmh", 1.0)}  # fmt: skip
_NO_OBSERVATION = frozenset({Grade.FORECAST, Grade.ANALYSIS})
_PATIENCE = 4  # a download may take this many time-outs in all, however slowly it drips

Result = TypeVar("Result")


class SourceUnavailable(ParcelcastError):  # noqa: N818 - what happened
    """The weather source did not answer, or not with what it should; the stage goes on without it."""

    code = "weather-source-unavailable"


@dataclass(frozen=True)
class Limits:
    """Seconds to wait for an answer, tries for each file, and seconds between them (doubled each time)."""

    timeout_s: float
    attempts: int
    pause_s: float = 1.0


class MeteostatDoor:
    """Reads Meteostat's station list and yearly files; endpoints are the library's own (environment: MS_...).

    Every method raises SourceUnavailable when the source stays silent, breaks off, or answers with an error.
    """

    name = "meteostat"

    def __init__(self, folder: Path, limits: Limits) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._limits = limits
        config = meteostat.config
        config.include_model_data = False
        config.cache_enable = False  # pickles that ignore where they came from; ours are Parquet, by endpoint
        config.network_timeout = max(1, int(limits.timeout_s))
        config.network_max_retries = 0  # this door tries again itself
        config.stations_db_file = str(folder / "stations.db")
        config.cache_directory = str(folder)

    @staticmethod
    def endpoints() -> dict[str, Any]:
        """Return the addresses that the library reads from; they name the cache."""
        config = meteostat.config
        return {
            "daily": config.daily_endpoint,
            "hourly": config.hourly_endpoint,
            "stations": config.stations_db_endpoints,
        }

    @staticmethod
    def version() -> str:
        """Return the library's version."""
        return str(meteostat.__version__)

    def nearby(self, latitude: float, longitude: float, radius_km: float, most: int) -> list[StationSite]:
        """Return stations around a point, nearest first."""
        point = meteostat.Point(latitude, longitude)
        frame = self._tried(lambda: self._stations(point, radius_km, most), "the list of stations")
        return [
            StationSite(str(station), str(row["name"]), float(row["distance"]) / 1000.0)
            for station, row in frame.to_dict("index").items()
        ]

    def daily(self, station: str, year: int) -> Found:
        """Return a station's observed days of a year."""
        return self._tried(lambda: self._read(meteostat.daily, station, year), f"daily {year} of station {station}")

    def hourly(self, station: str, year: int) -> Found:
        """Return a station's observed hours of a year in UTC."""
        return self._tried(lambda: self._read(meteostat.hourly, station, year), f"hourly {year} of station {station}")

    def _read(self, ask: Callable[..., Any], station: str, year: int) -> Found:
        with _told() as told:
            series = ask(
                meteostat.Station(id=station), date(year, 1, 1), date(year, 12, 31), parameters=_parameters(ask)
            )
        if failures := [record for record in told if record.levelno >= logging.WARNING]:
            raise SourceUnavailable(_reason(failures[0]))
        frame = _observed(series.fetch(squash=False))
        return Found(
            frame, _sorted(one.attribution for one in series.licenses), _sorted(x.name for x in series.licenses)
        )

    @staticmethod
    def _stations(point: meteostat.Point, radius_km: float, most: int) -> pd.DataFrame:
        try:
            return meteostat.stations.nearby(point, radius=int(radius_km * 1000), limit=most)
        except (sqlite3.DatabaseError, pd.errors.DatabaseError):
            # A download that broke off would be believed for a week.
            Path(meteostat.config.stations_db_file).unlink(missing_ok=True)
            raise

    def _tried(self, call: Callable[[], Result], what: str) -> Result:
        for attempt in range(self._limits.attempts):
            if attempt:
                time.sleep(self._limits.pause_s * 2 ** (attempt - 1))
            try:
                return within(call, self._limits.timeout_s)
            except Exception as error:  # noqa: BLE001 - whatever the vendor raises means that there is no weather
                last = error
        raise SourceUnavailable(f"{what}: {last} ({self._limits.attempts} tries)") from last


def within(call: Callable[[], Result], timeout_s: float) -> Result:
    """Return what `call` returns; TimeoutError when a server stays silent, or drips for `_PATIENCE` as long."""
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again below, where somebody waits
            errors.append(error)

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(timeout_s)  # pandas downloads without a limit of its own
    try:
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        thread.join(timeout_s * _PATIENCE)
    finally:
        socket.setdefaulttimeout(before)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no whole answer within {timeout_s * _PATIENCE:.0f} s")
    return results[0]


def _parameters(ask: Callable[..., Any]) -> list[meteostat.Parameter]:
    names = ["temp", "prcp", "snwd", "wpgt"] if ask is meteostat.hourly else list(_DAILY)
    return [meteostat.Parameter(name) for name in names]


def _observed(frame: pd.DataFrame | None) -> pd.DataFrame:
    """Return days or hours by time with our names and units, of the best source that is no model.

    A source such as "isd_lite dwd_mosmix" was made of both; the library's own filter lets it pass.
    """
    if frame is None or frame.empty:
        return pd.DataFrame(columns=list(MEASURES), index=pd.DatetimeIndex([], name="day"), dtype=np.float64)
    models = {str(one.id) for one in provider_service.providers if one.grade in _NO_OBSERVATION}
    sources = frame.index.get_level_values("source").astype(str)
    pure = frame[[models.isdisjoint(source.split()) for source in sources]]
    rank = [-provider_service.get_source_priority(str(one)) for one in pure.index.get_level_values("source")]
    best = pure.iloc[np.argsort(rank, kind="stable")].groupby(level="time").first()
    names = {**_DAILY, "temp": ("temperature_min_c", 1.0)} if "temp" in best else _DAILY
    columns = {
        ours: best[theirs].astype("Float64").to_numpy(np.float64, na_value=np.nan) * unit
        for theirs, (ours, unit) in names.items()
        if theirs in best
    }
    index = pd.DatetimeIndex(best.index, name="day")
    return pd.DataFrame(columns, index=index).reindex(columns=list(MEASURES)).dropna(how="all")


@contextmanager
def _told() -> Iterator[list[logging.LogRecord]]:
    """Give what the library tells its log in this thread, and keep it from being printed.

    A download that was given up goes on in a thread of its own, and hears of its failure itself.
    """
    logger, mine = logging.getLogger("meteostat"), threading.get_ident()
    records: list[logging.LogRecord] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.thread == mine:
            records.append(record)
        return record.thread != mine

    logger.addFilter(keep)
    try:
        yield records
    finally:
        logger.removeFilter(keep)


def _reason(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    return f"{record.getMessage()}: {error}" if error else record.getMessage()


def _sorted(values: Iterator[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))
