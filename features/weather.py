"""Weather family: what was forecast, on the day before the order, for the days on which the parcel travels.

A bulletin says something of one day in one region and was issued at one instant; the observation of a day is its last
bulletin. For an order counts what was issued before its UTC day, and of that the latest for each day: training looks it
up among all bulletins, serving in a snapshot, and both end in the same `Outlook`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from features.columns import Column
from features.orders import Days, Floats, Orders, Texts

# Days of an outlook, counted from the UTC day of the order: its local day can be the one before, and few forecasts are
# worth their name beyond a week.
FIRST, LAST = -1, 7
SPAN = LAST - FIRST + 1
VALUES = ("wind_gust_kmh", "precipitation_mm", "temperature_min_c", "temperature_max_c")  # what severity is made of

# After the four levels on which the German weather service warns (dwd.de, Warnkriterien). A warning of the first level
# hinders no lorry, so that severity counts from there: 0 at the first level, 3 at the fourth, a day between two levels
# between them. Gusts in km/h; fresh snow in cm of a day, which is about the mm of water that fall; rain in mm of a day.
# Snow depth and temperature are left out: they told the season, and made forecasts of other seasons worse.
_GUST_LEVELS = (50.0, 65.0, 105.0, 140.0)
_SNOWFALL_LEVELS = (5.0, 10.0, 20.0, 40.0)
_RAIN_LEVELS = (20.0, 30.0, 50.0, 80.0)
_LEVELS = (0.0, 1.0, 2.0, 3.0)
_SNOWS_BELOW_C = 1.0  # mean temperature of a day whose precipitation falls as snow
_REMEMBERED = 5_000  # about 200 bytes each
_HUB = "hub\t"  # no region is named so

_WAY = "worst of origin, usual hubs and destination"
# Days from the planned dispatch that columns of the order add up: models of whole ways do not look at single days.
WAYS = (2, 4)
COLUMNS = tuple(
    Column(
        f"way_severity_{days}d",
        "weather",
        "0 to 3, summed",
        f"severities forecast for the {days} days from the planned dispatch on, {_WAY}",
        "no forecast for any of these days was known",
    )
    for days in WAYS
)
DAY_COLUMNS = (
    Column(
        "day_severity",
        "weather",
        "0 to 3",
        f"severity forecast for day d, {_WAY}",
        "no forecast for day d was known",
    ),
    Column(
        "day_severity_before",
        "weather",
        "0 to 3, summed",
        f"severities forecast for the days from planned dispatch to before day d, {_WAY}",
        "no forecast was known at all",
    ),
)


def severity(gust_kmh: Floats, precipitation_mm: Floats, temperature_c: Floats) -> Floats:
    """Return how much a day hinders lorries: 0 not at all, 1 to 3 a warning of the second to fourth level.

    The worst of wind, fresh snow and rain, as far as they are known; NaN where none is.

    >>> gust, water = np.array([57.5, 20.0, 20.0]), np.array([8.0, 15.0, np.nan])
    >>> severity(gust, water, np.array([9.0, -2.0, -2.0])).tolist()
    [0.5, 1.5, 0.0]
    """
    falls_as_snow = temperature_c < _SNOWS_BELOW_C
    water = np.where(
        falls_as_snow,
        np.interp(precipitation_mm, _SNOWFALL_LEVELS, _LEVELS),
        np.interp(precipitation_mm, _RAIN_LEVELS, _LEVELS),
    )
    return np.asarray(np.fmax(np.interp(gust_kmh, _GUST_LEVELS, _LEVELS), water))


@dataclass(frozen=True)
class Outlook:
    """Severities of the days around orders, as they were known: row `which[i]` of `days` (m, SPAN) is order i's."""

    days: Floats
    which: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the outlooks of these orders."""
        return type(self)(self.days, self.which[rows])

    def flat(self) -> Floats:
        """Return one row for each order, shape (n, SPAN): what is kept on disk."""
        return np.asarray(self.days[self.which])

    @classmethod
    def of_flat(cls, values: Floats) -> Self:
        """Return what `flat` was made of."""
        return cls(values, np.arange(len(values)))


class WeatherHistory(Protocol):
    """What was issued of the weather, by regions such as "DE-BY", and by hubs as `at_hub` names them.

    "DE-" is the country itself, which speaks for regions of which nothing is known.
    """

    def outlook(self, regions: Texts, known_day: Days) -> Outlook:
        """Return what was known at the start of each UTC day `known_day`; NaN where nothing was."""
        ...


class SnapshotWeather:
    """What was known at the start of UTC day `day`: what serving reads.

    `days` has shape (regions, SPAN). Asked on a later day, it tells what it has of that day's outlook: an old
    bundle still knows the forecast that it was made with.
    """

    def __init__(self, day: int, regions: Sequence[str], days: Floats) -> None:
        self.day = day
        self.regions = tuple(regions)
        self.days = days
        self._code_of = {region: code for code, region in enumerate(self.regions)}
        self._rows = np.concatenate([days, np.full((1, SPAN), np.nan)])
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
        return np.where((days >= 0) & (days < SPAN), row[np.clip(days, 0, SPAN - 1)], np.nan)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return columns of one row for each region and day: what a bundle keeps."""
        return {
            "region": np.repeat(np.array(self.regions, dtype=object), SPAN),
            "day": np.tile(np.arange(self.day + FIRST, self.day + LAST + 1), len(self.regions)),
            "severity": self.days.reshape(-1),
        }

    @classmethod
    def from_arrays(cls, columns: Mapping[str, NDArray[Any]]) -> Self:
        """Return what `to_arrays` was made of, equal to the last bit; KeyError or ValueError when it is not whole."""
        days = columns["severity"].astype(np.float64).reshape(-1, SPAN)
        return cls(int(columns["day"][0]) - FIRST if len(days) else 0, columns["region"][::SPAN].tolist(), days)


NO_WEATHER = SnapshotWeather(0, (), np.empty((0, SPAN)))


@dataclass(frozen=True)
class Bulletins:
    """All that was ever issued, ordered by region, day and issue; for each day of issue the last word only.

    `issued` is the UTC day of issue. `hubs` tells the region of each facility. It is itself a history: what training
    reads.
    """

    regions: tuple[str, ...]
    region: NDArray[np.int64]
    day: Days
    issued: Days
    severity: Floats
    hubs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        regions: Texts,
        day: Days,
        issued_at: NDArray[np.datetime64],
        values: Mapping[str, Floats],
        hubs: Mapping[str, str],
    ) -> Self:
        """Order bulletins; `values` by their names in the canonical table weather_daily, instants in UTC."""
        names, region = np.unique(regions.astype(str), return_inverse=True)
        order = np.lexsort((issued_at, day, region))
        issued = issued_at.astype("datetime64[D]").astype(np.int64)
        here = np.column_stack([region, day, issued])[order]
        is_last = np.append((np.diff(here, axis=0) != 0).any(axis=1), [True] * min(len(here), 1))
        lowest, highest = values["temperature_min_c"], values["temperature_max_c"]
        mean = np.where(np.isnan(highest), lowest, (lowest + highest) / 2.0)
        severities = severity(values["wind_gust_kmh"], values["precipitation_mm"], mean)
        kept = order[is_last]
        codes = region[kept].astype(np.int64)
        return cls(tuple(names.tolist()), codes, day[kept], issued[kept], severities[kept], hubs)

    def outlook(self, regions: Texts, known_day: Days) -> Outlook:
        """Return what had been issued before each UTC day `known_day`."""
        codes = self._codes(set(regions.tolist()))
        code = np.array([codes[region] for region in regions.tolist()], dtype=np.int64).reshape(-1, 2)
        days, areas = int(known_day.max(initial=0)) + 1, len(self.regions) + 1
        pairs, which = np.unique(((code[:, 0] + 1) * areas + code[:, 1] + 1) * days + known_day, return_inverse=True)
        day, own, country = pairs % days, pairs // days // areas - 1, pairs // days % areas - 1
        known, is_known = self._known(own, day)
        known[~is_known] = self._known(country[~is_known], day[~is_known])[0]
        return Outlook(known, which)

    def snapshot(self, day: int) -> SnapshotWeather:
        """Return what had been issued before UTC day `day`, of all regions and hubs of which anything was."""
        code = np.arange(len(self.regions))
        known, is_known = self._known(code, np.full_like(code, day))
        told = {self.regions[one]: one for one in np.flatnonzero(is_known).tolist()}
        for hub, (own, country) in self._codes([at_hub(one) for one in sorted(self.hubs)]).items():
            one = own if own >= 0 and is_known[own] else country
            if one >= 0 and is_known[one]:
                told[hub] = one
        return SnapshotWeather(day, list(told), known[np.array(list(told.values()), dtype=np.intp)])

    def _codes(self, regions: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Return the numbers of each region, or of that of a hub, and of its country; -1 where nothing was issued."""
        code_of = {region: code for code, region in enumerate(self.regions)}
        there = {one: self.hubs.get(one.removeprefix(_HUB), "") if one.startswith(_HUB) else one for one in regions}
        return {one: (code_of.get(name, -1), code_of.get(country_of(name), -1)) for one, name in there.items()}

    def _known(self, code: NDArray[np.int64], known_day: Days) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the last bulletins before `known_day` of each day around it, shape (m, SPAN).

        And whether there is any (m).
        """
        if len(self.day) == 0:
            return np.full((len(code), SPAN), np.nan), np.zeros(len(code), dtype=bool)
        first_day, first_issue = int(self.day.min()), int(self.issued.min())
        days, issues = int(self.day.max()) - first_day + 1, int(self.issued.max()) - first_issue + 2
        keys = (self.region * days + (self.day - first_day)) * issues + self.issued - first_issue
        asked_day = known_day[:, None] + np.arange(FIRST, LAST + 1) - first_day
        is_inside = (code[:, None] >= 0) & (asked_day >= 0) & (asked_day < days)
        group = np.where(is_inside, code[:, None] * days + asked_day, -1)
        found = np.searchsorted(keys, group * issues + np.clip(known_day - first_issue, 0, issues - 1)[:, None]) - 1
        is_known = is_inside & (found >= 0) & (keys[found] // issues == group)
        return np.where(is_known, self.severity[found], np.nan), is_known.any(axis=1)


NO_BULLETINS = Bulletins((), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def country_of(region: str) -> str:
    """Return the country of a region, itself a region.

    >>> country_of("DE-BY"), country_of("NL-")
    ('DE-', 'NL-')
    """
    return region[:3]


def at_hub(facility_id: Any) -> Any:
    """Return what a `WeatherHistory` calls a hub, or each of an array of them."""
    return _HUB + facility_id


def way_outlook(history: WeatherHistory, orders: Orders, hubs: Sequence[Texts]) -> Outlook:
    """Return what was known of the weather on each order's way: of each day the worst of origin, hubs and destination.

    `hubs` are the facilities that each order will pass, "" where none is known.
    """
    places = (
        orders.origin_country + "-" + orders.origin_region,
        orders.destination_country + "-" + orders.destination_region,
        *map(at_hub, hubs),
    )
    worst, *others = (history.outlook(place, orders.known_day) for place in places)
    for other in others:
        pairs, which = np.unique(worst.which * len(other.days) + other.which, return_inverse=True)
        worst = Outlook(np.fmax(worst.days[pairs // len(other.days)], other.days[pairs % len(other.days)]), which)
    return worst


def order_features(orders: Orders, outlook: Outlook) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns)."""
    sums, known = (_running(days) for days in (outlook.days, ~np.isnan(outlook.days)))
    dispatch = orders.dispatch_on - orders.known_day - FIRST
    first, *ends = (np.clip(dispatch + days, 0, SPAN) for days in (0, *WAYS))

    def between(running: Floats, end: Days) -> Floats:
        return np.asarray(running[outlook.which, end] - running[outlook.which, first])

    return np.column_stack([np.where(between(known, end) > 0, between(sums, end), np.nan) for end in ends])


def day_features(orders: Orders, outlook: Outlook, rows: NDArray[np.intp], steps: NDArray[np.int64]) -> Floats:
    """Return `DAY_COLUMNS` in order for day `ordered_on + steps[i]` of order `rows[i]`, shape (len(rows), columns)."""
    which = outlook.which[rows]
    start = orders.known_day[rows] + FIRST
    day, dispatch = orders.ordered_on[rows] + steps - start, orders.dispatch_on[rows] - start
    at = np.where((day >= 0) & (day < SPAN), outlook.days[which, np.clip(day, 0, SPAN - 1)], np.nan)
    sums = _running(outlook.days)
    sums[np.isnan(outlook.days).all(axis=1)] = np.nan
    before = sums[which, np.clip(day, 0, SPAN)] - sums[which, np.clip(dispatch, 0, SPAN)]
    return np.column_stack([at, np.maximum(before, 0.0)])


def _running(days: NDArray[Any]) -> Floats:
    """Return the sums of the days before each day, shape (m, SPAN + 1); what is not known adds nothing."""
    return np.concatenate([np.zeros((len(days), 1)), np.nancumsum(days, axis=1, dtype=np.float64)], axis=1)
