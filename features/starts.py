"""How parcels got on that left on the same weekday: pallets and tours leave on some days of the week only.

Told from the daily counts of lanes: the day of a count, less its age in open days, is the one on which its parcels had
left. What was recorded late, and holidays, move a few of them by a day.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from features import lanes
from features.columns import Column
from features.history import History, restricted_mean, survival_quantiles
from features.opendays import weekday
from features.orders import Days, Floats, Orders, Texts
from features.sketches import Level, Sketch
from features.weekdays import WEEKDAYS

# Widest first: the service, with the countries, with the area of the destination too.
LEVELS = ("carrier", "country", "area")
WINDOW = 120
WINDOWS = (WINDOW,)
_LAST = f"last {WINDOW} days"

_LEFT = "from planned dispatch to delivery of parcels to the area that left on the same weekday"
_UNTOLD = "neither carrier nor service told"

COLUMNS = (
    Column("start_mean_days", "lane", "open days", f"mean {_LEFT}, {_LAST}", _UNTOLD),
    Column("start_p25_days", "lane", "open days", f"25 % quantile {_LEFT}, {_LAST}", _UNTOLD),
    Column("start_p50_days", "lane", "open days", f"median {_LEFT}, {_LAST}", _UNTOLD),
    Column("start_p75_days", "lane", "open days", f"75 % quantile {_LEFT}, {_LAST}", _UNTOLD),
)
DAY_COLUMNS = (
    Column(
        "day_start_hazard",
        "lane",
        "share",
        "of the parcels to the destination's area that left on the same weekday and were open until the age of day d, "
        f"those that came at it, {_LAST}",
        f"closed on day d, or {_UNTOLD}",
    ),
)


def start_sketch(lead: Sketch, weekdays: Mapping[str, frozenset[int]]) -> Sketch:
    r"""Return the counts of lanes by `LEVELS` and by the open weekday up to which their parcels had left.

    `weekdays` are those on which the carrier delivers, by key of level "carrier".

    >>> keys = ("*",), ("x/",), ("x/ DE>DE",), ("x/ DE-SN>DE-BE",), ("x/ DE 04>DE 10",)
    >>> day, none = np.arange(20458, 20461, dtype=np.int32), np.zeros(3, np.int32)  # Monday to Wednesday
    >>> levels = (Level(names, day, none, np.ones(3, np.int16), none + 4, none + 3) for names in keys)
    >>> start_sketch(Sketch(tuple(levels)), {"x/": frozenset(range(5))}).levels[2].keys  # each left a day before
    ('x/ DE>DE 10\t0', 'x/ DE>DE 10\t1', 'x/ DE>DE 10\t4')
    """
    service, country, lane = (lead.levels[lanes.LEVELS.index(name)] for name in ("carrier", "country", "lane"))
    ends = [lanes.ends_of(key) for key in lane.keys]
    # Keys lie in order, as in all sketches: what is written does not depend on which lane came first.
    way_of = dict(sorted((f"{way} {area}", way) for way, area in ends))
    code_of = {area: code for code, area in enumerate(way_of)}
    code = np.array([code_of[f"{way} {area}"] for way, area in ends], dtype=np.int32)
    area = Level(tuple(way_of), lane.day, code[lane.code], lane.age, lane.at_risk, lane.ended)
    services = (service.keys, map(lanes.service_of, country.keys), map(lanes.service_of, way_of.values()))
    return Sketch(
        tuple(
            _by_start(level, [weekdays[name] for name in names])
            for level, names in zip((service, country, area), services, strict=True)
        )
    )


def start_keys(orders: Orders, lane_keys: Sequence[Texts]) -> tuple[Texts, ...]:
    """Return each order's key on every level of `LEVELS`, by the weekday of its dispatch, from those of its lane."""
    service, way = lane_keys[1:3]
    start = _last_open(orders).tolist()
    return tuple(
        np.array([f"{key}\t{on}" for key, on in zip(column.tolist(), start, strict=True)], dtype=object)
        for column in (service, way, way + " " + orders.destination_area)
    )


def start_features(history: History, orders: Orders, lane_keys: Sequence[Texts]) -> tuple[Floats, Floats]:
    """Return `COLUMNS` in order, shape (n, columns), and the hazards by age that they tell of, shape (n, AGES).

    NaN where neither carrier nor service is told: a mixture of all has no timetable.
    """
    is_told = ((orders.carrier != "") | (orders.service != ""))[:, None]
    hazard = history.hazards(start_keys(orders, lane_keys), orders.known_day, WINDOW).hazard
    columns = np.column_stack([restricted_mean(hazard), survival_quantiles(hazard, (0.25, 0.5, 0.75))])
    return np.where(is_told, columns, np.nan), np.where(is_told, hazard, np.nan)


def _last_open(orders: Orders) -> Days:
    """Return the weekday of the last day up to the dispatch on whose weekday the carrier delivers."""
    patterns = {one.weekdays for one in orders.calendars}
    back_of = {weekdays: [_days_back(weekdays, on) for on in range(WEEKDAYS)] for weekdays in patterns}
    on = weekday(orders.dispatch_on)
    back = [back_of[one.weekdays][today] for one, today in zip(orders.calendars, on.tolist(), strict=True)]
    return np.mod(on - np.array(back, dtype=np.int64), WEEKDAYS)


def _days_back(weekdays: frozenset[int], on: int) -> int:
    return next((back for back in range(WEEKDAYS) if (on - back) % WEEKDAYS in weekdays), 0)


def _by_start(level: Level, weekdays: Sequence[frozenset[int]]) -> Level:
    """Return the counts by key and weekday of the start; `weekdays` are the open ones of each key."""
    opened = np.array([[on in open_on for on in range(WEEKDAYS)] for open_on in weekdays], dtype=bool)
    opened = opened.reshape(-1, WEEKDAYS)
    each_week, upto = opened.sum(axis=1), np.cumsum(opened, axis=1)
    in_order = np.argsort(~opened, axis=1, kind="stable")
    code, day = level.code.astype(np.int64), level.day.astype(np.int64)
    on = weekday(day)
    week = (day - on) // WEEKDAYS
    number = week * each_week[code] + upto[code, on] - 1 - level.age  # of the open day of the start, among all
    start = in_order[code, np.mod(number, each_week[code])]
    found, index = np.unique(code * WEEKDAYS + start, return_inverse=True)
    names = tuple(f"{level.keys[one // WEEKDAYS]}\t{one % WEEKDAYS}" for one in found.tolist())
    return Level(names, level.day, index.astype(np.int32), level.age, level.at_risk, level.ended)
