"""Weather family: what was forecast, on the day before the order, for the days on which the parcel travels.

A bulletin says something of one day in one region and was issued at one instant; the observation of a day is its last
bulletin. For an order counts what was issued before its UTC day, and of that the latest for each day: training looks it
up among all bulletins, serving in a snapshot, and both end in the same `Outlook`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from features.columns import Column
from features.orders import Days, Floats, Orders, Texts

# Days of an outlook, counted from the UTC day of the order; few forecasts are worth their name beyond a week.
FIRST, LAST = -3, 7
SPAN = LAST - FIRST + 1
AHEAD = 3  # days from the planned dispatch that an order's own columns look at
# What an outlook holds of each day, in this order.
MEASURES = ("wind_gust_kmh", "precipitation_mm", "snow_mm", "temperature_min_c", "severity")
VALUES = (*MEASURES[:-1], "temperature_max_c")  # columns of weather_daily that they are made of
_GUST, _PRECIPITATION, _SNOW, _COLD, _SEVERITY = range(len(MEASURES))

# The German weather service warns of wind and snow on four levels; a day between two levels is between them. Gusts in
# km/h; fresh snow in cm of the day, which is about the mm of water that fall.
_GUST_LEVELS = (35.0, 50.0, 65.0, 105.0, 140.0)
_SNOWFALL_LEVELS = (1.0, 5.0, 10.0, 20.0, 40.0)
_LEVELS = (0.0, 1.0, 2.0, 3.0, 4.0)
_SNOWS_BELOW_C = 1.0  # mean temperature of a day whose precipitation falls as snow
_REMEMBERED = 5_000  # about 1 KB each

_UNKNOWN = "no forecast for these days was known"
_NEXT = f"forecast for the {AHEAD} days from planned dispatch"


def _columns() -> tuple[Column, ...]:
    columns = []
    for side in ("origin", "destination"):
        name, where = f"{side}_next_{AHEAD}d", f"at the {side}, {_NEXT}"
        columns += [
            Column(f"{name}_gust_kmh", "weather", "km/h", f"strongest gust {where}", _UNKNOWN),
            Column(f"{name}_precipitation_mm", "weather", "mm", f"wettest day {where}", _UNKNOWN),
            Column(f"{name}_snow_mm", "weather", "mm", f"deepest snow {where}", _UNKNOWN),
            Column(f"{name}_coldest_c", "weather", "degrees Celsius", f"lowest temperature {where}", _UNKNOWN),
            Column(
                f"{side}_last_{-FIRST}d_severity",
                "weather",
                "0 to 4",
                f"worst severity at the {side}, {-FIRST} days before the order",
                "nothing was known of these days",
            ),
        ]
    return tuple(columns)


COLUMNS = _columns()
DAY_COLUMNS = (
    Column("day_gust_kmh", "weather", "km/h", "gust forecast at the destination for day d", _UNKNOWN),
    Column("day_precipitation_mm", "weather", "mm", "precipitation forecast there for day d", _UNKNOWN),
    Column("day_snow_mm", "weather", "mm", "snow forecast there for day d", _UNKNOWN),
    Column("day_severity", "weather", "0 to 4", "severity forecast there for day d", _UNKNOWN),
    Column(
        "day_severity_before",
        "weather",
        "0 to 4, summed",
        "severities forecast there for the days from planned dispatch to before day d",
        _UNKNOWN,
    ),
)


def severity(gust_kmh: Floats, precipitation_mm: Floats, temperature_c: Floats) -> Floats:
    """Return how much a day hinders lorries: 0 not at all, 1 to 4 the level of a warning of wind or fresh snow.

    NaN where neither is known.

    >>> severity(np.array([57.5, 20.0, 20.0]), np.array([8.0, 10.0, np.nan]), np.array([9.0, -2.0, -2.0])).tolist()
    [1.5, 2.0, 0.0]
    """
    snowfall = np.where(temperature_c < _SNOWS_BELOW_C, precipitation_mm, precipitation_mm * 0.0)
    wind = np.interp(gust_kmh, _GUST_LEVELS, _LEVELS)
    return np.asarray(np.fmax(wind, np.interp(snowfall, _SNOWFALL_LEVELS, _LEVELS)))


@dataclass(frozen=True)
class Outlook:
    """What was known of the weather: `days` has shape (m, SPAN, MEASURES), and row `which[i]` of it is order i's."""

    days: Floats
    which: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the outlooks of these orders."""
        return type(self)(self.days, self.which[rows])

    def flat(self) -> Floats:
        """Return one row for each order, shape (n, SPAN * MEASURES): what is kept on disk."""
        return self.days[self.which].reshape(len(self.which), -1)

    @classmethod
    def of_flat(cls, values: Floats) -> Self:
        """Return what `flat` was made of."""
        return cls(values.reshape(-1, SPAN, len(MEASURES)), np.arange(len(values)))


class WeatherHistory(Protocol):
    """What was issued of the weather, by regions such as "DE-BY".

    "DE-" is the country itself, which speaks for regions of which nothing is known.
    """

    def outlook(self, regions: Texts, known_day: Days) -> Outlook:
        """Return what was known at the start of each UTC day `known_day`; NaN where nothing was."""
        ...


class SnapshotWeather:
    """What was known at the start of UTC day `day`: what serving reads.

    `days` has shape (regions, SPAN, MEASURES). Asked on a later day, it tells what it has of that day's outlook: an old
    bundle still knows the forecast that it was made with.
    """

    def __init__(self, day: int, regions: Sequence[str], days: Floats) -> None:
        self.day = day
        self.regions = tuple(regions)
        self.days = days
        self._code_of = {region: code for code, region in enumerate(self.regions)}
        unknown = np.full((1, SPAN, len(MEASURES)), np.nan)
        self._rows = np.concatenate([days.reshape(-1, SPAN, len(MEASURES)), unknown])
        # Requests come one by one, and most share region and day with an earlier one.
        self._remembered = lru_cache(_REMEMBERED)(self._look_up)

    def outlook(self, regions: Texts, known_day: Days) -> Outlook:
        """Return what the snapshot knows of the days around each `known_day`; not to be written to."""
        which: dict[tuple[str, int], int] = {}
        asked = zip(regions.tolist(), known_day.tolist(), strict=True)
        rows = np.array([which.setdefault(one, len(which)) for one in asked], dtype=np.intp)
        return Outlook(np.array([self._remembered(*one) for one in which]), rows)

    def _look_up(self, region: str, known_day: int) -> Floats:
        row: Floats = self._rows[self._code_of.get(region, self._code_of.get(country_of(region), -1))]
        late = known_day - self.day
        if late == 0:
            return row
        days = np.arange(SPAN) + late
        return np.where(((days >= 0) & (days < SPAN))[:, None], row[np.clip(days, 0, SPAN - 1)], np.nan)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return columns of one row for each region and day: what a bundle keeps."""
        values = self.days.reshape(-1, len(MEASURES)).T
        return {
            "region": np.repeat(np.array(self.regions, dtype=object), SPAN),
            "day": np.tile(np.arange(self.day + FIRST, self.day + LAST + 1), len(self.regions)),
            **dict(zip(MEASURES, values, strict=True)),
        }

    @classmethod
    def from_arrays(cls, columns: Mapping[str, NDArray[Any]]) -> Self:
        """Return what `to_arrays` was made of, equal to the last bit; KeyError or ValueError when it is not whole."""
        values = np.column_stack([columns[name] for name in MEASURES]).astype(np.float64)
        day = int(columns["day"][0]) - FIRST if len(values) else 0
        return cls(day, columns["region"][::SPAN].tolist(), values.reshape(-1, SPAN, len(MEASURES)))


NO_WEATHER = SnapshotWeather(0, (), np.empty((0, SPAN, len(MEASURES))))


@dataclass(frozen=True)
class Bulletins:
    """All that was ever issued, ordered by region, day and issue; for each day of issue the last word only.

    `issued` is the UTC day of issue, `values` has shape (n, MEASURES). It is itself a history: what training reads.
    """

    regions: tuple[str, ...]
    region: NDArray[np.int64]
    day: Days
    issued: Days
    values: Floats

    @classmethod
    def of(cls, regions: Texts, day: Days, issued_at: NDArray[np.datetime64], values: Mapping[str, Floats]) -> Self:
        """Order bulletins; `values` by their names in the canonical table weather_daily, instants in UTC."""
        names, region = np.unique(regions.astype(str), return_inverse=True)
        order = np.lexsort((issued_at, day, region))
        issued = issued_at.astype("datetime64[D]").astype(np.int64)
        here = np.column_stack([region, day, issued])[order]
        is_last = np.append((np.diff(here, axis=0) != 0).any(axis=1), [True] * min(len(here), 1))
        lowest, highest = values["temperature_min_c"], values["temperature_max_c"]
        measures = [values[name] for name in MEASURES[:_SEVERITY]]
        mean = np.where(np.isnan(highest), lowest, (lowest + highest) / 2.0)
        worst = severity(values["wind_gust_kmh"], values["precipitation_mm"], mean)
        kept = order[is_last]
        return cls(
            tuple(names.tolist()),
            region[kept].astype(np.int64),
            day[kept],
            issued[kept],
            np.column_stack([*measures, worst])[kept],
        )

    def outlook(self, regions: Texts, known_day: Days) -> Outlook:
        """Return what had been issued before each UTC day `known_day`."""
        code_of = {region: code for code, region in enumerate(self.regions)}
        codes = {one: (code_of.get(one, -1), code_of.get(country_of(one), -1)) for one in set(regions.tolist())}
        code = np.array([codes[region] for region in regions.tolist()], dtype=np.int64).reshape(-1, 2)
        days, areas = int(known_day.max(initial=0)) + 1, len(self.regions) + 1
        pairs, which = np.unique(((code[:, 0] + 1) * areas + code[:, 1] + 1) * days + known_day, return_inverse=True)
        day, own, country = pairs % days, pairs // days // areas - 1, pairs // days % areas - 1
        known, is_known = self._known(own, day)
        known[~is_known] = self._known(country[~is_known], day[~is_known])[0]
        return Outlook(known, which)

    def snapshot(self, day: int) -> SnapshotWeather:
        """Return what had been issued before UTC day `day`, of all regions of which anything was."""
        code = np.arange(len(self.regions))
        known, is_known = self._known(code, np.full_like(code, day))
        return SnapshotWeather(day, [self.regions[one] for one in code[is_known].tolist()], known[is_known])

    def _known(self, code: NDArray[np.int64], known_day: Days) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the last bulletins before `known_day` of each day around it, shape (m, SPAN, MEASURES).

        And whether there is any (m).
        """
        if len(self.day) == 0:
            return np.full((len(code), SPAN, len(MEASURES)), np.nan), np.zeros(len(code), dtype=bool)
        first_day, first_issue = int(self.day.min()), int(self.issued.min())
        days, issues = int(self.day.max()) - first_day + 1, int(self.issued.max()) - first_issue + 2
        keys = (self.region * days + (self.day - first_day)) * issues + self.issued - first_issue
        asked_day = known_day[:, None] + np.arange(FIRST, LAST + 1) - first_day
        is_inside = (code[:, None] >= 0) & (asked_day >= 0) & (asked_day < days)
        group = np.where(is_inside, code[:, None] * days + asked_day, -1)
        found = np.searchsorted(keys, group * issues + np.clip(known_day - first_issue, 0, issues - 1)[:, None]) - 1
        is_known = is_inside & (found >= 0) & (keys[found] // issues == group)
        return np.where(is_known[..., None], self.values[found], np.nan), is_known.any(axis=1)


NO_BULLETINS = Bulletins(
    (), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, len(MEASURES)))
)


def country_of(region: str) -> str:
    """Return the country of a region, itself a region.

    >>> country_of("DE-BY"), country_of("NL-")
    ('DE-', 'NL-')
    """
    return region[:3]


def weather_keys(orders: Orders) -> tuple[Texts, Texts]:
    """Return the regions of each order's origin and destination."""
    return (
        orders.origin_country + "-" + orders.origin_region,
        orders.destination_country + "-" + orders.destination_region,
    )


def weather_features(history: WeatherHistory, orders: Orders) -> tuple[Floats, Outlook]:
    """Return `COLUMNS` in order, shape (n, columns), and the outlook that day columns are made of."""
    parts = []
    for regions in weather_keys(orders):
        outlook = history.outlook(regions, orders.known_day)
        travelling = _days_of(outlook, orders.dispatch_on - orders.known_day)
        worst = np.fmax.reduce(travelling[:, :, :_COLD], axis=1)
        coldest = np.fmin.reduce(travelling[:, :, _COLD], axis=1)
        before = np.fmax.reduce(outlook.days[:, :-FIRST, _SEVERITY], axis=1)[outlook.which]
        parts += [worst, coldest[:, None], before[:, None]]
    return np.concatenate(parts, axis=1), outlook


def _days_of(outlook: Outlook, start: NDArray[np.int64]) -> Floats:
    """Return AHEAD days of each outlook, the first `start` days after the day of the order; NaN outside it."""
    days = (start - FIRST)[:, None] + np.arange(AHEAD)
    values: Floats = outlook.days[outlook.which[:, None], np.clip(days, 0, SPAN - 1)]
    values[(days < 0) | (days >= SPAN)] = np.nan
    return values


def day_features(orders: Orders, outlook: Outlook, rows: NDArray[np.intp], steps: NDArray[np.int64]) -> Floats:
    """Return `DAY_COLUMNS` in order for day `ordered_on + steps[i]` of order `rows[i]`, shape (len(rows), columns)."""
    which = outlook.which[rows]
    start = orders.known_day[rows] + FIRST
    day = orders.ordered_on[rows] + steps - start
    values = outlook.days[which, np.clip(day, 0, SPAN - 1)][:, [_GUST, _PRECIPITATION, _SNOW, _SEVERITY]]
    values[(day < 0) | (day >= SPAN)] = np.nan
    # Severities of the days before each day; a day of which nothing is known adds nothing.
    severities = outlook.days[:, :, _SEVERITY]
    sums = np.concatenate([np.zeros((len(severities), 1)), np.nancumsum(severities, axis=1)], axis=1)
    sums[np.isnan(severities).all(axis=1)] = np.nan
    dispatch = orders.dispatch_on[rows] - start
    before = sums[which, np.clip(day, 0, SPAN)] - sums[which, np.clip(dispatch, 0, SPAN)]
    return np.concatenate([values, np.maximum(before, 0.0)[:, None]], axis=1)
