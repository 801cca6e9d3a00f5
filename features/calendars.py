"""Calendar family: the day of the order, and the day d whose hazard is asked for."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from features.columns import Column
from features.opendays import FAR, CalendarKey, Holidays, OpenDays, weekday
from features.orders import Days, Floats, Orders

_MONDAY_TO_FRIDAY = frozenset(range(5))
_THURSDAY = 3
# In a short history a count that runs on for weeks tells the model which week it is, not what the holiday did to it.
NEAR = 7
_PEAK = "Black Friday to 24 December"
_NEXT_HOLIDAY = f"to the next holiday at the destination, at most {FAR}"

COLUMNS = (
    Column("order_weekday", "calendar", "Monday is 0", "weekday of the order at the destination"),
    Column("order_hour", "calendar", "h", "hour of the order on the origin's clock"),
    Column("dispatch_lag_days", "calendar", "days", "from the order to the planned dispatch"),
    Column("dispatch_weekday", "calendar", "Monday is 0", "weekday of the planned dispatch"),
    Column("dispatch_holiday_in_days", "calendar", "days", f"from dispatch {_NEXT_HOLIDAY}"),
    Column(
        "dispatch_holiday_ago_days",
        "calendar",
        "days",
        f"from the last holiday at the destination to dispatch, at most {NEAR}",
    ),
    Column(
        "origin_holiday_in_days",
        "calendar",
        "days",
        f"from the order to the next holiday at the origin, at most {NEAR}",
    ),
    Column(
        "origin_holiday_ago_days",
        "calendar",
        "days",
        f"from the last holiday at the origin to the order, at most {NEAR}",
    ),
    Column("dispatch_in_peak", "calendar", "0 or 1", f"the planned dispatch is in the peak season, {_PEAK}"),
)
DAY_COLUMNS = (
    Column("day_since_order", "calendar", "days", "day d after the order"),
    Column("day_since_dispatch", "calendar", "days", "day d after the planned dispatch"),
    Column("day_age", "calendar", "open days", "open days of the carrier from the planned dispatch to day d"),
    Column("day_weekday", "calendar", "Monday is 0", "weekday of day d"),
    Column("day_is_open", "calendar", "0 or 1", "the carrier delivers on day d"),
    Column("day_is_holiday", "calendar", "0 or 1", "holiday at the destination on day d"),
    Column("day_after_closed", "calendar", "0 or 1", "the carrier did not deliver on the day before d"),
    Column("day_is_bridge", "calendar", "0 or 1", "day d is a working day alone between days off at the destination"),
    Column("day_holiday_in_days", "calendar", "days", f"from day d {_NEXT_HOLIDAY}"),
    Column("day_working_days", "calendar", "working days", "Monday to Friday but no holiday, order to day d"),
    Column("day_in_peak", "calendar", "0 or 1", f"day d is in the peak season, {_PEAK}"),
)

# Of a single peak season nobody can tell what was the season's and what was that year's. So many orders make one.
FEWEST_PEAKS, _PEAK_ORDERS = 2, 100


@dataclass(frozen=True)
class DaysAhead:
    """Days that are asked for: `steps[i]` days after the order of row `rows[i]`, and what its carrier's calendar says.

    `age` is in open days from the planned dispatch (`OpenDays.age`); `can_come` tells that the parcel has left by then
    and can be delivered: on open days, and where the carrier rests on the day of the dispatch itself.
    """

    rows: NDArray[np.intp]
    steps: Days
    day: Days
    age: Days
    is_open: NDArray[np.bool_]
    can_come: NDArray[np.bool_]


@dataclass(frozen=True)
class OrderCalendar:
    """All calendars that the orders need, from the order to the horizon.

    Without `tells_peak` the columns of the peak season are empty.
    """

    delivery: OpenDays
    holidays: Holidays
    origin_holidays: Holidays
    working: OpenDays
    tells_peak: bool = True

    @classmethod
    def of(cls, orders: Orders, horizon: int, earliest: int | None = None) -> "OrderCalendar":
        """Look the calendars up for days from the order, or from day `earliest`, to `horizon` days after the order."""
        first = (int(orders.ordered_on.min()) if earliest is None else earliest) - 1
        last = int(max(orders.ordered_on.max(), orders.dispatch_on.max())) + horizon
        regions = list(zip(orders.destination_country.tolist(), orders.destination_region.tolist(), strict=True))
        weeks = {region: CalendarKey(_MONDAY_TO_FRIDAY, *region) for region in set(regions)}
        return cls(
            OpenDays.of(orders.calendars, first, last),
            Holidays.at(regions, first, last),
            Holidays.at(
                list(zip(orders.origin_country.tolist(), orders.origin_region.tolist(), strict=True)), first, last
            ),
            OpenDays.of([weeks[region] for region in regions], first, last + 1),
        )

    def ahead(self, orders: Orders, rows: NDArray[np.intp], steps: Days) -> DaysAhead:
        """Look up day `steps[i]` after the order of row `rows[i]`."""
        day, dispatch = orders.ordered_on[rows] + steps, orders.dispatch_on[rows]
        is_open = self.delivery.open_on(rows, day)
        can_come = (day >= dispatch) & (is_open | (day == dispatch))
        return DaysAhead(rows, steps, day, self.delivery.age(rows, dispatch, day), is_open, can_come)

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return the calendars of these orders."""
        return replace(
            self,
            delivery=self.delivery.take(rows),
            holidays=self.holidays.take(rows),
            origin_holidays=self.origin_holidays.take(rows),
            working=self.working.take(rows),
        )

    def peak(self, days: Days) -> Floats:
        """Tell whether each day is in the peak season, NaN without `tells_peak`."""
        return in_peak_season(days).astype(np.float64) if self.tells_peak else np.full(len(days), np.nan)


def in_peak_season(days: Days) -> NDArray[np.bool_]:
    """Tell whether days since 1970-01-01 lie in the peak season: Black Friday to 24 December.

    Black Friday follows the fourth Thursday of November.

    >>> in_peak_season(np.array(["2026-11-26", "2026-11-27", "2026-12-24", "2026-12-25"], "M8[D]").astype(int)).tolist()
    [False, True, True, False]
    """
    january = days.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[M]")
    november, december = ((january + months).astype("datetime64[D]").astype(np.int64) for months in (10, 11))
    first_thursday = november + (_THURSDAY - weekday(november)) % 7
    return np.asarray((days > first_thursday + 21) & (days < december + 24))


def peaks_told(dispatch_on: Days) -> int:
    """Return in how many peak seasons a shop sent enough of these orders for the season to be learned from."""
    years = dispatch_on[in_peak_season(dispatch_on)].astype("datetime64[D]").astype("datetime64[Y]")
    return int((np.unique(years, return_counts=True)[1] >= _PEAK_ORDERS).sum())


def order_features(orders: Orders, calendar: OrderCalendar) -> Floats:
    """Return `COLUMNS` in order, shape (n, columns)."""
    rows = np.arange(len(orders))
    return np.column_stack(
        [
            weekday(orders.ordered_on),
            orders.order_hour,
            orders.dispatch_on - orders.ordered_on,
            weekday(orders.dispatch_on),
            calendar.holidays.days_until(rows, orders.dispatch_on),
            np.minimum(calendar.holidays.days_since(rows, orders.dispatch_on), NEAR),
            np.minimum(calendar.origin_holidays.days_until(rows, orders.ordered_on), NEAR),
            np.minimum(calendar.origin_holidays.days_since(rows, orders.ordered_on), NEAR),
            calendar.peak(orders.dispatch_on),
        ]
    ).astype(np.float64)


def day_features(orders: Orders, calendar: OrderCalendar, ahead: DaysAhead) -> Floats:
    """Return `DAY_COLUMNS` in order for each of these days, shape (len(rows), columns)."""
    rows, day = ahead.rows, ahead.day
    return np.column_stack(
        [
            ahead.steps,
            day - orders.dispatch_on[rows],
            ahead.age,
            weekday(day),
            ahead.is_open,
            calendar.holidays.on(rows, day),
            ~calendar.delivery.open_on(rows, day - 1),
            _is_bridge(calendar.working, rows, day),
            calendar.holidays.days_until(rows, day),
            calendar.working.count_to(rows, day) - calendar.working.count_to(rows, orders.ordered_on[rows]),
            calendar.peak(day),
        ]
    ).astype(np.float64)


def _is_bridge(working: OpenDays, rows: NDArray[np.intp], day: Days) -> NDArray[np.bool_]:
    return working.open_on(rows, day) & ~working.open_on(rows, day - 1) & ~working.open_on(rows, day + 1)
