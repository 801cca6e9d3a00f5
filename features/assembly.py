"""Point-in-time assembly: from orders and histories to the rows that the hazard model reads.

Training and serving both come through here; they differ only in the kind of history they pass in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from features import calendars, hubs, lanes, loads, origins, parcel, regime, starts, weather, weekdays
from features.columns import Column
from features.history import Hazards, History
from features.orders import Floats, Orders, Texts
from features.sketches import AGES
from features.weather import NO_WEATHER, Outlook, WeatherHistory

ORDER_COLUMNS: tuple[Column, ...] = (
    *calendars.COLUMNS,
    *parcel.COLUMNS,
    *lanes.COLUMNS,
    *starts.COLUMNS,
    *origins.COLUMNS,
    *loads.COLUMNS,
    *hubs.COLUMNS,
    *regime.COLUMNS,
    *weather.COLUMNS,
)
CATEGORIES: tuple[Column, ...] = parcel.CATEGORIES
DAY_COLUMNS: tuple[Column, ...] = (*calendars.DAY_COLUMNS, *weather.DAY_COLUMNS, *starts.DAY_COLUMNS)
ALL_COLUMNS = (*ORDER_COLUMNS, *CATEGORIES, *DAY_COLUMNS)

# Hazard of a day on which, as far as history can tell, nothing is delivered: closed, or before the dispatch.
_CLOSED_HAZARD = 1e-4
_LOWEST, _HIGHEST = 1e-4, 0.99
_MOVING = (*loads.ON_THE_WAY, *hubs.ON_THE_WAY)
_PEAK = [column.name for column in ORDER_COLUMNS].index("dispatch_in_peak")
_PACES = [number for number, column in enumerate(ORDER_COLUMNS) if column.name in _MOVING]

# The life tables that history is told by: the windows that are asked for, and the levels of keys, widest first.
FAMILIES: Mapping[str, tuple[Sequence[int], Sequence[str]]] = {
    "lead": (lanes.WINDOWS, lanes.LEVELS),
    "handling": (origins.WINDOWS, origins.LEVELS),
    "depot": (loads.WINDOWS, loads.DEPOT_LEVELS),
    "haul": (loads.ROAD_WINDOWS, loads.HAUL_LEVELS),
    "departure": (loads.ROAD_WINDOWS, loads.DEPARTURE_LEVELS),
    "transit": (regime.WINDOWS, regime.LEVELS),
    "hub": (hubs.WINDOWS, hubs.LEVELS),
    "depot_weekdays": (weekdays.WINDOWS, loads.DEPOT_LEVELS),
    "lane_weekdays": (weekdays.WINDOWS, lanes.LEVELS),
    "lane_starts": (starts.WINDOWS, starts.LEVELS),
}

Codes = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Histories:
    """What was recorded of earlier parcels, one history for each of `FAMILIES`, and of the weather."""

    lead: History
    handling: History
    depot: History
    haul: History
    departure: History
    transit: History
    hub: History
    depot_weekdays: History
    lane_weekdays: History
    lane_starts: History
    weather: WeatherHistory = NO_WEATHER


@dataclass(frozen=True)
class Assembled:
    """Features of n orders. `static` has shape (n, ORDER_COLUMNS), `categories` the texts of CATEGORIES.

    `lead` is the lane's own history by age; the model starts from `log_odds` (`paced`), shape (n, AGES).
    `outlook` is the weather that was forecast on the way, `start_hazards` (n, AGES) are those of earlier parcels that
    left on the same weekday.
    """

    orders: Orders
    calendar: calendars.OrderCalendar
    static: Floats
    categories: Mapping[str, Texts]
    lead: Hazards
    log_odds: Floats
    outlook: Outlook
    start_hazards: Floats

    @classmethod
    def columns(cls) -> tuple[Column, ...]:
        """Return the columns of `rows`, in order."""
        return ALL_COLUMNS

    @classmethod
    def parcel_columns(cls) -> tuple[Column, ...]:
        """Return the columns of `static` and then of `codes`: those that do not change with the day."""
        return (*ORDER_COLUMNS, *CATEGORIES)

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the features of these orders."""
        return replace(
            self,
            orders=self.orders.take(rows),
            calendar=self.calendar.take(rows),
            static=self.static[rows],
            categories={name: texts[rows] for name, texts in self.categories.items()},
            lead=self.lead.take(rows),
            log_odds=self.log_odds[rows],
            outlook=self.outlook.take(rows),
            start_hazards=self.start_hazards[rows],
        )

    def to_learn_from(self) -> Self:
        """Return the same features, without the peak season where they hold too few of them to tell what it does.

        A column that is empty in all rows that a model learns from is one that it never looks at.
        """
        if calendars.peaks_told(self.orders.dispatch_on) >= calendars.FEWEST_PEAKS:
            return self
        static = self.static.copy()
        static[:, _PEAK] = np.nan
        return replace(self, static=static, calendar=replace(self.calendar, tells_peak=False))

    def codes(self, codes: Codes) -> Floats:
        """Return the category codes, one column for each category; NaN for a text that the model has not seen."""
        nan = float("nan")
        columns = [[codes[name].get(text, nan) for text in texts] for name, texts in self.categories.items()]
        return np.array(columns, dtype=np.float64).T.reshape(len(self.orders), len(self.categories))

    def ahead(self, rows: NDArray[np.intp], steps: NDArray[np.int64]) -> calendars.DaysAhead:
        """Look up day `steps[i]` after the order of row `rows[i]`, once for all that is asked of it."""
        return self.calendar.ahead(self.orders, rows, steps)

    def rows(self, known: Floats, ahead: calendars.DaysAhead) -> Floats:
        """Return ALL_COLUMNS for each of these days; `known` is static and codes."""
        days = calendars.day_features(self.orders, self.calendar, ahead)
        outlook = weather.day_features(self.orders, self.outlook, ahead.rows, ahead.steps)
        return np.column_stack([known[ahead.rows], days, outlook, _by_age(self.start_hazards, ahead, np.nan)])

    def offset(self, ahead: calendars.DaysAhead) -> Floats:
        """Return the lane's log-odds of delivery on each of these days, given no delivery before."""
        return _by_age(self.log_odds, ahead, logit(np.array(_CLOSED_HAZARD)))

    def lane_hazard(self, rows: NDArray[np.intp], steps: NDArray[np.int64]) -> Floats:
        """Return the hazard of the lane's own history, told in calendar days: a baseline and a fallback."""
        return _by_age(self.lead.hazard, self.ahead(rows, steps), 0.0)


def _by_age(table: Floats, ahead: calendars.DaysAhead, closed: Floats | float) -> Floats:
    """Return what a table of shape (n, AGES) says of each of these days, `closed` where nothing can come."""
    return np.where(ahead.can_come, table[ahead.rows, np.clip(ahead.age, 0, AGES - 1)], closed)


def assemble(orders: Orders, histories: Histories, horizon: int, earliest: int | None = None) -> Assembled:
    """Return the features of orders, each as of its own instant; `horizon` in days after the order.

    Calendars are told from day `earliest` on, by default from the first order on.
    """
    calendar = calendars.OrderCalendar.of(orders, horizon, earliest)
    ways = lanes.lane_keys(orders)
    lead, hazards = lanes.lane_features(histories.lead, ways, orders.known_day)
    start, start_hazards = starts.start_features(histories.lane_starts, orders, ways)
    at_hubs, usual_hubs = hubs.hub_features(histories.hub, orders)
    outlook = weather.way_outlook(histories.weather, orders, usual_hubs)
    static = np.concatenate(
        [
            calendars.order_features(orders, calendar),
            parcel.parcel_features(orders),
            lead,
            start,
            origins.origin_features(histories.handling, orders),
            loads.load_features(histories.depot, histories.haul, histories.departure, orders),
            at_hubs,
            regime.regime_features(histories.transit, histories.handling, orders),
            weather.order_features(orders, outlook),
        ],
        axis=1,
    )
    categories = parcel.parcel_categories(orders)
    return Assembled(orders, calendar, static, categories, hazards, paced(hazards, static), outlook, start_hazards)


def join_features(
    orders: Orders, static: Floats, lead: Hazards, outlook: Outlook, start: Floats, horizon: int
) -> Assembled:
    """Return features that were assembled before, from what of them is kept."""
    calendar = calendars.OrderCalendar.of(orders, horizon)
    categories = parcel.parcel_categories(orders)
    return Assembled(orders, calendar, static, categories, lead, paced(lead, static), outlook, start)


def paced(lead: Hazards, static: Floats) -> Floats:
    """Return the log-odds of the lane's history, moved by the last days' paces on its way, shape (n, AGES).

    A tree knows no wait longer than those it has learned from; what the model starts from grows with any backlog.
    """
    return np.asarray(logit(lead.hazard) + np.nan_to_num(static[:, _PACES]).sum(axis=1, keepdims=True))


def known_codes(categories: Mapping[str, Texts], rarest: int) -> dict[str, dict[str, int]]:
    """Number the texts of each category that occur at least `rarest` times, most frequent first; "" is unknown."""
    codes: dict[str, dict[str, int]] = {}
    for name, texts in categories.items():
        values, counts = np.unique(texts.astype(str), return_counts=True)
        frequent = [(-count, value) for value, count in zip(values.tolist(), counts.tolist(), strict=True)]
        kept = [value for count, value in sorted(frequent) if -count >= rarest and value]
        codes[name] = {value: code for code, value in enumerate(kept)}
    return codes


def column_names(columns: Sequence[Column]) -> list[str]:
    """Return the names of columns."""
    return [column.name for column in columns]


def logit(hazard: Floats) -> Floats:
    """Return log-odds of hazards, none of them certain."""
    clipped = np.clip(hazard, _LOWEST, _HIGHEST)
    return np.asarray(np.log(clipped / (1.0 - clipped)))


def hazard_of(log_odds: Floats) -> Floats:
    """Return hazards of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))
