"""Open days and holidays as arrays, against the calendars of `parcelcast` day by day."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.opendays import FAR, CalendarKey, Holidays, OpenDays, weekday
from features.orders import day_of, epoch_day
from parcelcast.calendar import WorkingCalendar, holiday_dates
from tests.features.worlds import day

KEYS = (
    CalendarKey(frozenset(range(7)), None, None),
    CalendarKey(frozenset(range(6)), "DE", "BY"),
    CalendarKey(frozenset(range(5)), "DE", None),
    CalendarKey(frozenset({1}), "AT", "9"),
    CalendarKey(frozenset({0, 3}), "ZZ", None),
)
REGIONS = (("DE", "BY"), ("DE", ""), ("BR", "SP"), ("ZZ", ""))
days = st.dates(date(2024, 1, 1), date(2027, 12, 31)).map(epoch_day)


def calendar_of(key: CalendarKey) -> WorkingCalendar:
    return WorkingCalendar(weekdays=key.weekdays, holiday_country=key.country, holiday_region=key.region)


@given(st.sampled_from(KEYS), days, st.integers(0, 60))
def test_open_days_equal_the_working_calendar(key: CalendarKey, start: int, more: int):
    calendar = calendar_of(key)
    table = OpenDays.of([KEYS[0], key], start, start + more)
    row, last = np.array([1]), np.array([start + more])
    assert table.open_on(row, last)[0] == calendar.is_working(day_of(start + more))
    between = table.count_to(row, last) - table.count_to(row, np.array([start]))
    assert between[0] == calendar.working_days_between(day_of(start), day_of(start + more))


def test_age_counts_open_days_and_a_closed_day_has_the_age_of_the_next_open_one():
    friday = day("2026-03-06")
    table = OpenDays.of([KEYS[2]], friday - 5, friday + 10)
    asked = friday + np.arange(-2, 6)
    rows = np.zeros(len(asked), dtype=np.intp)
    ages = table.age(rows, np.full(len(asked), friday), asked)
    #                       Wed Thu Fri Sat Sun Mon Tue Wed
    assert ages.tolist() == [-2, -1, 0, 1, 1, 1, 2, 3]


def test_age_from_a_closed_day_starts_at_0_on_that_day():
    saturday = day("2026-03-07")
    table = OpenDays.of([KEYS[2]], saturday, saturday + 10)
    ages = table.age(np.zeros(4, dtype=np.intp), np.full(4, saturday), saturday + np.arange(4))
    assert ages.tolist() == [0, 1, 1, 2]


def test_orders_keep_their_calendars_when_rows_are_taken():
    sunday = np.array([day("2026-03-08")] * 2)
    table = OpenDays.of([KEYS[0], KEYS[1], KEYS[0]], int(sunday[0]), int(sunday[0]))
    assert table.take(np.array([2, 1])).open_on(np.arange(2), sunday).tolist() == [True, False]


@given(st.sampled_from(REGIONS), days)
def test_days_until_a_holiday_are_counted_to_it_and_no_farther_than_far(region: tuple[str, str], number: int):
    country, part = region
    today = day_of(number)
    free = holiday_dates(country, part or None, range(today.year, today.year + 2))
    expected = next((away for away in range(FAR) if today + timedelta(days=away) in free), FAR)
    found = Holidays.at([region], number, number)
    assert found.days_until(np.array([0]), np.array([number])).tolist() == [expected]
    assert found.on(np.array([0]), np.array([number])).tolist() == [expected == 0]
    wider = Holidays.at([("BR", ""), region], number - 500, number + 900).take(np.array([1]))
    assert wider.days_until(np.array([0]), np.array([number])).tolist() == [expected]


def test_new_year_is_near_at_the_end_of_december():
    eve = day("2026-12-28")
    assert Holidays.at([("DE", "")], eve, eve).days_until(np.array([0]), np.array([eve])).tolist() == [4]


def test_monday_is_0():
    assert weekday(np.array([0, day("2026-03-02"), day("2026-03-08")])).tolist() == [3, 0, 6]
