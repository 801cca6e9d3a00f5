"""The stage `weather`: canonical table weather_daily beside an account of where it comes from.

Weather that cannot be had never stops the pipeline: the stage writes what it has and says what is missing.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.frames import texts
from features.network import hubs_of
from features.weather import LAST
from parcelcast.errors import InputError
from parcelcast.place import Place, PlaceIndex
from parcelcast.tables import FACILITIES, ORIGINS, SHIPMENTS, WEATHER_DAILY
from pipelines.ingest.storage import conformed, load_table, write_table
from pipelines.preparation import read_tables
from pipelines.progress import SILENT, TellShare
from pipelines.weather.forecasts import PROVIDERS, Days, observations
from pipelines.weather.observations import MEASURES, Archive, Area, Gathering, Observed, observe

SOURCES = ("table", "meteostat", "none")
PROVENANCE = "provenance.json"
_TABLE = f"{WEATHER_DAILY.name}.parquet"
_NOTED = 20  # problems that are told in full
_RECENT = 7  # days before the first order that its features may look at
LICENCE = (
    "Data of Meteostat (https://meteostat.net), redistributed under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/):"
    " name Meteostat and the providers listed under attribution wherever the data or what was made of it is shown. "
    "Values were averaged over stations by distance; see docs/weather.md."
)
RULE = "an observation of day D is issued at 12:00 UTC of D+1; normals are issued at 00:00 UTC of the first of a month"


@dataclass(frozen=True)
class WeatherParameters:
    """Section weather of params.yaml.

    `source` is table (weather_daily of the validated data), meteostat or none. The others say how meteostat is read:
    `forecast` stands for the forecasts that it does not have (`pipelines.weather.forecasts.PROVIDERS`), from so many
    `stations` within `radius_km` of a region, with `hourly` files where daily ones lack the gust, `years_before` the
    first order for the normals; `timeout_s` for an answer, `attempts` for a file, `time_limit_s` in all.
    """

    source: str
    forecast: str
    stations: int
    radius_km: float
    hourly: bool
    years_before: int
    timeout_s: float
    attempts: int
    time_limit_s: float
    cache: Path

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise InputError(f"weather.source is {self.source!r}; expected one of {', '.join(SOURCES)}")
        if self.forecast not in PROVIDERS:
            raise InputError(f"weather.forecast is {self.forecast!r}; expected one of {', '.join(PROVIDERS)}")
        if self.stations < 1 or self.attempts < 1 or min(self.timeout_s, self.time_limit_s, self.radius_km) <= 0:
            raise InputError("weather.stations, attempts, radius_km and the times must be more than nothing")


def weather(
    validated: Path,
    out: Path,
    parameters: WeatherParameters,
    places: PlaceIndex,
    now: datetime,
    tell: TellShare = SILENT,
) -> dict[str, Any]:
    """Write `weather_daily.parquet` (unless there is no weather) and `provenance.json` to `out`; return the latter.

    `now` is the present instant in UTC; files younger than a day are not asked for again.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / _TABLE).unlink(missing_ok=True)
    own = load_table(validated, WEATHER_DAILY) if (validated / _TABLE).is_file() else None
    told: dict[str, Any] = {"source": parameters.source}
    table = None if parameters.source == "none" else own
    if parameters.source == "meteostat":
        tell("asking Meteostat")
        try:
            shipments = load_table(validated, SHIPMENTS)
            areas = areas_of(shipments, load_table(validated, ORIGINS), _hubs(validated), places)
            table, account = _from_meteostat(shipments, areas, own, parameters, now, tell)
            told |= account
        except Exception as error:  # noqa: BLE001 - a promise without weather is better than none
            told["problems"] = [f"Meteostat could not be used: {error!r}; the shop's own table stands for it"]
    rows = 0 if table is None else len(table)
    if table is not None and rows:
        write_table(table, WEATHER_DAILY, out)
    told["rows"] = rows
    (out / PROVENANCE).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if problems := told.get("problems", []):
        tell(f"{rows:,} rows; {len(problems)} problems, see {out / PROVENANCE}; first: {problems[0]}")
    return told


def tables_with_weather(validated: Path, folder: Path) -> dict[str, pd.DataFrame]:
    """Return what `prepare` needs, with the weather that the stage left in `folder`, or none if it left none.

    Where the stage never ran the shop's own table stays.
    """
    tables = read_tables(validated)
    if (folder / PROVENANCE).is_file():
        tables.pop(WEATHER_DAILY.name, None)
        if (folder / _TABLE).is_file():
            tables[WEATHER_DAILY.name] = load_table(folder, WEATHER_DAILY)
    return tables


def told_of_weather(folder: Path) -> dict[str, Any]:
    """Return what a report tells of the weather that the stage left in `folder`; nothing where it never ran.

    `forecast` is the provider that stood for forecasts, `optimistic` whether it knew more than they could.
    """
    if not (folder / PROVENANCE).is_file():
        return {}
    told = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    forecast = told.get("forecast", {})
    return {
        "source": told["source"],
        "forecast": forecast.get("provider"),
        "optimistic": forecast.get("optimistic", False),
    }


def _from_meteostat(
    shipments: pd.DataFrame,
    areas: Sequence[Area],
    own: pd.DataFrame | None,
    given: WeatherParameters,
    now: datetime,
    tell: TellShare,
) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """Return observations with the forecasts made of them, and their account; the shop's own table fills regions."""
    from pipelines.weather.meteostat_door import Limits, MeteostatDoor  # noqa: PLC0415 - only who asks pays for it

    ordered_at = shipments["ordered_at"]
    first = ordered_at.min().date() - timedelta(days=_RECENT)
    end = ordered_at.max().date() + timedelta(days=LAST + 1)
    endpoints = MeteostatDoor.endpoints()
    folder = given.cache / hashlib.sha256(json.dumps(endpoints, sort_keys=True).encode()).hexdigest()[:16]
    door = MeteostatDoor(folder, Limits(given.timeout_s, given.attempts))
    until = time.monotonic() + given.time_limit_s
    archive = Archive(door, folder, now, lambda: time.monotonic() > until)
    how = Gathering(given.stations, given.radius_km, given.hourly)
    found, last = [], min(end, now.date())
    for number, area in enumerate(areas):
        tell("reading observations", number / len(areas))
        found.append(observe(archive, area, date(first.year - given.years_before, 1, 1), last, how))
    observed = _with_own({one.area.key: one.days for one in found if len(one.days)}, own, [one.key for one in areas])
    provider = PROVIDERS[given.forecast]
    parts = [part for part in (observations(observed), provider.forecasts(observed, first, end)) if len(part)]
    table = pd.concat(parts, ignore_index=True) if parts else observations({})
    account = {
        "made_at": now.isoformat(),
        "library": f"meteostat {door.version()}",
        "endpoints": endpoints,
        "licence": LICENCE,
        "licences": sorted({name for one in found for name in one.licences}),
        "attribution": sorted({name for one in found for name in ("Meteostat", *one.attribution)}),
        "issued_at": RULE,
        "forecast": {"provider": provider.name, "optimistic": provider.optimistic},
        "files": dict(archive.counts),
        "problems": _shortened(archive.problems),
        "areas": {one.area.key: _account(one, observed, first, last) for one in found},
    }
    return _canonical(table[table["day"] >= pd.Timestamp(first)], own), account


def _hubs(validated: Path) -> pd.DataFrame | None:
    """Return the carriers' hubs, None where the shop does not tell of facilities."""
    if not (validated / f"{FACILITIES.name}.parquet").is_file():
        return None
    return hubs_of(load_table(validated, FACILITIES))


def areas_of(
    shipments: pd.DataFrame, origins: pd.DataFrame, hubs: pd.DataFrame | None, places: PlaceIndex
) -> list[Area]:
    """Return the regions of origins, hubs and destinations, each in the middle of the addresses used in it."""
    addresses = Counter(_addresses(shipments, "destination_")) + Counter(_addresses(origins, ""))
    if hubs is not None:
        addresses += Counter(_addresses(hubs, ""))
    members: dict[tuple[str, str], list[tuple[Place, int]]] = {}
    for (country, code), count in addresses.items():
        place = places.find(country, code or None)
        if place.latitude is not None and place.longitude is not None:
            members.setdefault((place.country, place.region or ""), []).append((place, count))
    return [_area(*key, parts) for key, parts in sorted(members.items())]


def _addresses(frame: pd.DataFrame, side: str) -> Iterator[tuple[str, str]]:
    return zip(texts(frame[f"{side}country"]), texts(frame[f"{side}postal_code"]), strict=True)


def _area(country: str, region: str, parts: list[tuple[Place, int]]) -> Area:
    weights = np.array([count for _, count in parts], dtype=np.float64)
    latitude, longitude = (
        float(np.average([getattr(place, name) for place, _ in parts], weights=weights))
        for name in ("latitude", "longitude")
    )
    busiest = max(parts, key=lambda part: part[1])[0]
    return Area(country, region, latitude, longitude, busiest.time_zone)


def _with_own(observed: dict[str, pd.DataFrame], own: pd.DataFrame | None, wanted: list[str]) -> Days:
    """Return observations, of regions without any those that the shop's own table has."""
    if own is None or own.empty:
        return observed
    # Issued at noon of the day itself or later: nothing that could still be a forecast of it.
    late = own[own["issued_at"].dt.tz_localize(None) >= own["day"] + pd.Timedelta(hours=12)]
    keys = late["country"].astype(str) + "-" + late["region"].fillna("").astype(str)
    for key in set(keys.unique()) & set(wanted) - set(observed):
        mine = late[keys == key].sort_values("issued_at").drop_duplicates("day", keep="last")
        observed[key] = mine.set_index("day")[list(MEASURES)].sort_index()
    return observed


def _canonical(table: pd.DataFrame, own: pd.DataFrame | None) -> pd.DataFrame | None:
    """Return rows as the canonical table; the shop's own rows stand for regions that have none."""
    place = table["region"].str.split("-", n=1, expand=True).reindex(columns=[0, 1])
    ours = table.assign(country=place[0], region=place[1], issued_at=table["issued_at"].dt.tz_localize("UTC"))
    parts = [conformed(ours, WEATHER_DAILY)]
    if own is not None:
        there = pd.MultiIndex.from_frame(parts[0][["country", "region"]]).unique()
        parts.append(own[~pd.MultiIndex.from_frame(own[["country", "region"]]).isin(there)])
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else None
    keys = list(WEATHER_DAILY.key)
    return None if whole is None else whole.sort_values(keys).drop_duplicates(keys, ignore_index=True)


def _account(one: Observed, observed: Mapping[str, pd.DataFrame], first: date, last: date) -> dict[str, Any]:
    days = observed.get(one.area.key, one.days)
    inside = int(days.index.to_series().between(pd.Timestamp(first), pd.Timestamp(last)).sum())
    return {
        "stations": list(one.stations),
        "observed_days": inside,
        "missing_days": max((last - first).days + 1 - inside, 0),
        "from": "meteostat" if len(one.days) else "the shop's own table" if inside else "nowhere",
        **{name: round(value, 3) for name, value in asdict(one.area).items() if isinstance(value, float)},
    }


def _shortened(problems: list[str]) -> list[str]:
    more = len(problems) - _NOTED
    return problems if more <= 0 else [*problems[:_NOTED], f"and {more} more"]
