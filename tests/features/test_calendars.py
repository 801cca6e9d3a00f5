"""The calendar family, against plain date arithmetic."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings

from features import calendars
from features.assembly import column_names
from features.orders import day_of, epoch_day, orders_of
from parcelcast.calendar import WorkingCalendar, holiday_dates
from parcelcast.shipment import Carrier
from tests.features.oracles import in_peak_season
from tests.features.worlds import CARRIERS, HORIZON, instant, live, rows_of_worlds, shipment

NAMES = column_names(calendars.COLUMNS)
DAY_NAMES = column_names(calendars.DAY_COLUMNS)


def columns_of(shipments):
    orders = orders_of(shipments, CARRIERS)
    values = calendars.order_features(orders, calendars.OrderCalendar.of(orders, HORIZON))
    return [dict(zip(NAMES, row, strict=True)) for row in values.tolist()]


def day_columns_of(one, steps):
    orders = orders_of([one], CARRIERS)
    calendar = calendars.OrderCalendar.of(orders, HORIZON)
    ahead = calendar.ahead(orders, np.zeros(len(steps), dtype=np.intp), np.array(steps))
    values = calendars.day_features(orders, calendar, ahead)
    return [dict(zip(DAY_NAMES, row, strict=True)) for row in values.tolist()]


def test_an_order_after_the_friday_cutoff_leaves_on_monday():
    (got,) = columns_of([live(shipment(1, "2026-03-27 11:30"))])  # 12:30 in Leipzig, cut-off at noon
    assert got == {
        "order_weekday": 4,
        "order_hour": 12,
        "dispatch_lag_days": 3,
        "dispatch_weekday": 0,
        "dispatch_holiday_in_days": 4,  # Good Friday, 3 April
        "dispatch_holiday_ago_days": 7,
        "origin_holiday_in_days": 7,
        "origin_holiday_ago_days": 7,
        "dispatch_in_peak": 0,
    }


def test_the_hour_is_the_origins_and_the_weekday_the_destinations():
    (got,) = columns_of([live(shipment(1, "2026-03-10 10:30", "waikiki", ("KI", "1")))])
    assert (got["order_hour"], got["order_weekday"]) == (0, 2)


def test_a_clock_change_moves_the_hour():
    rows = [live(shipment(1, "2026-03-29 00:59")), live(shipment(2, "2026-03-29 01:00"))]
    assert [got["order_hour"] for got in columns_of(rows)] == [1, 3]


def test_the_last_holiday_can_be_one_of_last_year():
    (got,) = columns_of([live(shipment(1, "2026-01-07 09:00", to=("AT", "1010")))])
    assert got["dispatch_holiday_ago_days"] == 1  # Epiphany in Vienna
    (got,) = columns_of([live(shipment(1, "2026-01-02 09:00", to=("DE", "04109")))])
    assert got["dispatch_holiday_ago_days"] == 1  # New Year in Leipzig


def test_the_origins_last_holiday_counts_to_the_order():
    orders = [live(shipment(1, "2026-05-01 09:00")), live(shipment(2, "2026-05-04 09:00", to=("AT", "1010")))]
    assert [got["origin_holiday_ago_days"] for got in columns_of(orders)] == [0, 3]  # Labour Day in Leipzig


def test_a_friday_after_a_holiday_is_a_bridge():
    # Ascension Day is Thursday 14 May 2026.
    days = day_columns_of(live(shipment(1, "2026-05-12 08:00")), [1, 2, 3, 4, 6])
    assert [one["day_is_bridge"] for one in days] == [0, 0, 1, 0, 0]


def test_a_weekend_and_a_holiday_are_told_on_the_day_itself():
    thursday = live(shipment(1, "2026-04-02 08:00", carrier="kranich"))
    friday, saturday, sunday, monday, tuesday = day_columns_of(thursday, [1, 2, 3, 4, 5])
    assert [one["day_is_holiday"] for one in (friday, saturday, sunday, monday)] == [1, 0, 0, 1]
    assert [one["day_is_open"] for one in (friday, saturday, sunday, monday, tuesday)] == [0, 1, 0, 0, 1]
    assert [one["day_after_closed"] for one in (friday, saturday, sunday, monday, tuesday)] == [0, 1, 0, 1, 1]
    assert [one["day_age"] for one in (friday, saturday, sunday, monday, tuesday)] == [1, 1, 2, 2, 2]
    assert [one["day_working_days"] for one in (friday, saturday, sunday, monday, tuesday)] == [0, 0, 0, 0, 1]
    assert [one["day_holiday_in_days"] for one in (friday, saturday, sunday, monday)] == [0, 2, 1, 0]
    assert [one["day_since_dispatch"] for one in (friday, tuesday)] == [1, 5]


def test_the_peak_season_of_any_year_runs_from_black_friday_to_christmas_eve():
    days = [date(1969, 12, 1) + timedelta(days=number) for number in range(365 * 90)]
    got = calendars.in_peak_season(np.array([epoch_day(day) for day in days]))
    assert got.tolist() == [in_peak_season(day) for day in days]


def test_the_peak_season_counts_by_the_planned_dispatch():
    # Thursday evening after the cut-off, and Christmas Eve after it.
    rows = [live(shipment(1, "2026-11-26 08:00")), live(shipment(2, "2026-11-26 23:00"))]
    rows += [live(shipment(3, "2026-12-24 08:00")), live(shipment(4, "2026-12-24 23:00"))]
    assert [got["dispatch_in_peak"] for got in columns_of(rows)] == [0, 1, 1, 0]


def test_a_peak_season_needs_a_hundred_orders_to_be_told_of():
    days = [np.full(orders, epoch_day(on)) for orders, on in (
        (100, date(2024, 12, 1)), (99, date(2025, 12, 1)), (500, date(2026, 11, 1)), (100, date(2027, 11, 26)),
    )]  # fmt: skip
    assert calendars.peaks_told(np.concatenate(days)) == 2
    assert calendars.peaks_told(np.concatenate(days[1:3])) == 0


def slow_day(one, step: int) -> dict[str, float]:
    today = one.ordered_on + timedelta(days=step)
    dispatch = max(one.planned_dispatch_on, one.ordered_on)
    place = one.destination
    carrier = CARRIERS.get(one.carrier or "") or Carrier("", (), frozenset(range(7)), observes_holidays=False)
    delivers = carrier.delivery_calendar(place)
    week = WorkingCalendar(holiday_country=place.country, holiday_region=place.region)
    free = holiday_dates(place.country, place.region, range(today.year, today.year + 2))
    age = delivers.working_days_between(dispatch, today) + (not delivers.is_working(today))
    return {
        "day_since_order": step,
        "day_since_dispatch": (today - dispatch).days,
        "day_age": age if today > dispatch else (today - dispatch).days,
        "day_weekday": today.weekday(),
        "day_is_open": delivers.is_working(today),
        "day_is_holiday": today in free,
        "day_after_closed": not delivers.is_working(today - timedelta(days=1)),
        "day_is_bridge": [week.is_working(today + timedelta(days=away)) for away in (-1, 0, 1)] == [False, True, False],
        "day_holiday_in_days": next((away for away in range(30) if today + timedelta(days=away) in free), 30),
        "day_working_days": week.working_days_between(one.ordered_on, today),
        "day_in_peak": in_peak_season(today),
    }


@settings(max_examples=15)
@given(rows_of_worlds(most=3))
def test_day_columns_equal_plain_date_arithmetic(rows):
    steps = [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 90]
    for row in rows:
        one = live(row)
        assert day_columns_of(one, steps) == [slow_day(one, step) for step in steps]


def test_taken_rows_keep_their_calendars():
    rows = [live(shipment(1, "2026-03-10 09:00")), live(shipment(2, "2026-04-30 09:00", to=("AT", "1010")))]
    orders = orders_of(rows, CARRIERS)
    calendar = calendars.OrderCalendar.of(orders, HORIZON)
    second = np.array([1])
    got = calendars.order_features(orders.take(second), calendar.take(second))
    assert np.array_equal(got, calendars.order_features(orders, calendar)[second])
    assert got[0, NAMES.index("dispatch_holiday_in_days")] == 1  # 1 May
    assert day_of(int(orders.known_day[1])) == instant("2026-04-30 00:00").date()
    assert epoch_day(rows[1].ordered_on) == orders.ordered_on[1]
