"""The tables that ages are looked up in: which days they tell of, and of which calendars."""

import numpy as np

from features.engine.opening import OpenDayTables
from features.opendays import CalendarKey, OpenDays
from tests.features.oracles import EVERY_DAY
from tests.features.test_sketches import MONDAY

WORKDAYS = CalendarKey(frozenset(range(5)), None, None)
WORKDAYS_ELSEWHERE = CalendarKey(frozenset(range(5)), "Narnia", None)
SUNDAY = MONDAY + 6


def tables(*calendars: CalendarKey, until: int) -> OpenDayTables:
    return OpenDayTables.of(OpenDays.of(calendars, MONDAY, until), MONDAY, until)


def test_only_days_that_are_asked_for_are_told():
    days = tables(EVERY_DAY, until=SUNDAY).days
    assert days["next_open"].to_pylist() == list(range(MONDAY, SUNDAY + 2))


def test_calendars_that_are_open_on_the_same_days_share_their_rows():
    found = tables(WORKDAYS, EVERY_DAY, WORKDAYS_ELSEWHERE, until=SUNDAY)
    assert found.base[0] == found.base[2] != found.base[1]
    assert found.days.num_rows == 2 * 8


def test_the_last_open_day_is_told_by_calendar():
    found = tables(WORKDAYS, EVERY_DAY, until=SUNDAY)
    assert found.last_open.tolist() == [SUNDAY - 2, SUNDAY]


def test_the_next_open_day_may_be_later_than_those_that_are_told():
    days = tables(WORKDAYS, until=SUNDAY - 2).days
    assert days["next_open"].to_pylist()[-1] == SUNDAY + 1


def test_a_calendar_that_was_never_open_says_so():
    found = tables(CalendarKey(frozenset({6}), None, None), until=SUNDAY - 1)
    assert found.last_open.tolist() == [MONDAY - 1]
    assert np.all(found.days["upto"].to_numpy()[:-1] == 0)
