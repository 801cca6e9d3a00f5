import json
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.calendar import SEARCH_DAYS, WorkingCalendar, holiday_dates, local_date
from parcelcast.errors import InputError

ZONES = (
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Pacific/Auckland",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
)

instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(date(2020, 1, 1), date(2034, 12, 31))
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@st.composite
def calendars(draw):
    return WorkingCalendar(
        time_zone=draw(st.sampled_from(ZONES)),
        weekdays=frozenset(draw(st.sets(st.integers(0, 6), min_size=1))),
        cutoffs=draw(st.dictionaries(st.integers(0, 6), times)),
        default_cutoff=draw(times),
        holiday_country=draw(st.sampled_from([None, "DE", "BR", "NZ", "XX"])),
        holiday_region=draw(st.sampled_from([None, "BY", "SP", "nowhere"])),
        special_days=draw(st.dictionaries(days, st.none() | times, max_size=3)),
    )


def berlin(*args):
    return datetime(*args, tzinfo=ZoneInfo("Europe/Berlin"))


# dispatch and cut-offs


def test_an_order_before_the_cutoff_leaves_today_and_at_the_cutoff_on_the_next_working_day():
    calendar = WorkingCalendar("Europe/Berlin", default_cutoff=time(14))

    assert calendar.dispatch_on(berlin(2027, 3, 4, 13, 59, 59)) == date(2027, 3, 4)
    assert calendar.dispatch_on(berlin(2027, 3, 4, 14, 0)) == date(2027, 3, 5)
    assert calendar.dispatch_on(berlin(2027, 3, 5, 14, 0)) == date(2027, 3, 8)
    assert calendar.next_cutoff(berlin(2027, 3, 5, 14, 0)) == berlin(2027, 3, 8, 14, 0)


def test_saturday_has_its_own_cutoff():
    calendar = WorkingCalendar("Europe/Berlin", weekdays=frozenset(range(6)), cutoffs={5: time(11)})

    assert calendar.dispatch_on(berlin(2027, 3, 6, 10, 59)) == date(2027, 3, 6)
    assert calendar.dispatch_on(berlin(2027, 3, 6, 11, 0)) == date(2027, 3, 8)
    assert calendar.dispatch_on(berlin(2027, 3, 5, 13, 59)) == date(2027, 3, 5)


def test_handling_days_are_working_days_after_the_cutoff_day():
    calendar = WorkingCalendar("Europe/Berlin", holiday_country="DE")

    # Wednesday before Easter, two days of handling: Thursday, and then Tuesday.
    assert calendar.dispatch_on(berlin(2027, 3, 24, 9, 0), handling_days=2) == date(2027, 3, 30)
    assert calendar.dispatch_on(berlin(2027, 3, 28, 9, 0), handling_days=1) == date(2027, 3, 31)


def test_epiphany_is_a_holiday_in_bavaria_and_not_in_berlin():
    order = berlin(2027, 1, 6, 9, 0)

    assert WorkingCalendar("Europe/Berlin", holiday_country="DE", holiday_region="BY").dispatch_on(order) == date(
        2027, 1, 7
    )
    assert WorkingCalendar("Europe/Berlin", holiday_country="DE", holiday_region="BE").dispatch_on(order) == date(
        2027, 1, 6
    )


def test_special_days_close_open_and_shorten():
    calendar = WorkingCalendar(
        "Europe/Berlin",
        holiday_country="DE",
        special_days={
            date(2027, 12, 23): None,  # stocktaking
            date(2027, 12, 24): time(10),  # short day
            date(2027, 12, 25): time(9),  # a holiday and a Saturday, worked
        },
    )

    assert calendar.dispatch_on(berlin(2027, 12, 23, 8, 0)) == date(2027, 12, 24)
    assert calendar.dispatch_on(berlin(2027, 12, 24, 10, 0)) == date(2027, 12, 25)
    assert calendar.dispatch_on(berlin(2027, 12, 25, 9, 0)) == date(2027, 12, 27)
    assert calendar.cutoff_at(date(2027, 12, 23)) is None


def test_a_cutoff_at_midnight_is_a_cutoff():
    calendar = WorkingCalendar("Europe/Berlin", special_days={date(2027, 3, 4): time(0)})

    assert calendar.cutoff_at(date(2027, 3, 4)) == berlin(2027, 3, 4, 0, 0)
    assert calendar.dispatch_on(berlin(2027, 3, 4, 0, 0)) == date(2027, 3, 5)


def test_a_cutoff_keeps_its_local_time_over_clock_changes():
    calendar = WorkingCalendar("Europe/Berlin", weekdays=frozenset(range(7)), default_cutoff=time(14))

    assert calendar.cutoff_at(date(2027, 3, 27)) == datetime(2027, 3, 27, 13, 0, tzinfo=UTC)
    assert calendar.cutoff_at(date(2027, 3, 28)) == datetime(2027, 3, 28, 12, 0, tzinfo=UTC)
    assert calendar.cutoff_at(date(2027, 10, 31)) == datetime(2027, 10, 31, 13, 0, tzinfo=UTC)


def test_a_cutoff_that_the_clock_skips_is_read_with_the_offset_before_the_gap():
    calendar = WorkingCalendar("Europe/Berlin", weekdays=frozenset(range(7)), default_cutoff=time(2, 30))

    # On 28 March 2027 the clock goes from 02:00 to 03:00 at 01:00 UTC; 02:30 at +01:00 is 03:30 at +02:00.
    cutoff = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert calendar.cutoff_at(date(2027, 3, 28)) == cutoff
    assert calendar.dispatch_on(cutoff - timedelta(seconds=1)) == date(2027, 3, 28)
    assert calendar.dispatch_on(cutoff) == date(2027, 3, 29)


def test_a_cutoff_that_the_clock_shows_twice_is_the_first():
    calendar = WorkingCalendar("Europe/Berlin", weekdays=frozenset(range(7)), default_cutoff=time(2, 30))

    # On 31 October 2027 the clock shows 02:30 at 00:30 UTC and again at 01:30 UTC.
    assert calendar.cutoff_at(date(2027, 10, 31)) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert calendar.dispatch_on(datetime(2027, 10, 31, 0, 30, tzinfo=UTC)) == date(2027, 11, 1)


def test_an_order_counts_for_the_warehouse_in_the_time_zone_of_the_warehouse():
    sunday_in_honolulu = datetime(2027, 3, 7, 20, 0, tzinfo=ZoneInfo("Pacific/Honolulu"))

    # It is Monday 19:00 in Auckland, Monday 20:00 on Kiritimati and 07:00 in Berlin.
    assert WorkingCalendar("Pacific/Auckland").dispatch_on(sunday_in_honolulu) == date(2027, 3, 9)
    assert WorkingCalendar("Pacific/Kiritimati").dispatch_on(sunday_in_honolulu) == date(2027, 3, 9)
    assert WorkingCalendar("Europe/Berlin").dispatch_on(sunday_in_honolulu) == date(2027, 3, 8)
    assert WorkingCalendar("Pacific/Honolulu").dispatch_on(sunday_in_honolulu) == date(2027, 3, 8)


def test_new_year_reaches_kiritimati_a_day_before_honolulu():
    instant = datetime(2026, 12, 31, 10, 0, tzinfo=UTC)

    assert local_date(instant, "Pacific/Kiritimati") == date(2027, 1, 1)
    assert local_date(instant, "Pacific/Honolulu") == date(2026, 12, 31)
    assert WorkingCalendar("Europe/Berlin", holiday_country="DE").dispatch_on(berlin(2026, 12, 31, 15, 0)) == date(
        2027, 1, 4
    )


@given(calendars(), instants, st.integers(0, 5))
def test_dispatch_agrees_with_walking_day_by_day(calendar, ordered_at, handling_days):
    today = ordered_at.astimezone(ZoneInfo(calendar.time_zone)).date()
    worked = [day for k in range(300) if calendar.is_working(day := today + timedelta(days=k))]
    open_days = [day for day in worked if calendar.cutoff_at(day) > ordered_at]

    assert calendar.next_cutoff(ordered_at) == calendar.cutoff_at(open_days[0])
    assert calendar.next_opening(ordered_at) == (open_days[0], calendar.cutoff_at(open_days[0]))
    assert calendar.dispatch_on(ordered_at, handling_days) == open_days[handling_days]


@given(calendars(), instants)
def test_an_order_before_the_cutoff_leaves_no_later_than_one_at_the_cutoff(calendar, ordered_at):
    cutoff = calendar.next_cutoff(ordered_at)

    assert calendar.dispatch_on(cutoff - timedelta(microseconds=1)) == calendar.dispatch_on(ordered_at)
    assert calendar.dispatch_on(cutoff) > calendar.dispatch_on(ordered_at)


# working days


@given(calendars(), days, st.integers(0, 40))
def test_adding_working_days_is_the_inverse_of_counting_them(calendar, day, n):
    reached = calendar.add_working_days(day, n)

    assert calendar.working_days_between(day, reached) == n
    assert calendar.working_days_between(reached, day) == -n
    assert n == 0 or calendar.is_working(reached)


@given(calendars(), days)
def test_next_working_day_is_the_day_itself_or_the_first_worked_after_it(calendar, day):
    found = calendar.next_working_day(day)

    assert calendar.is_working(found)
    assert not any(calendar.is_working(day + timedelta(days=k)) for k in range((found - day).days))


def test_a_calendar_that_never_works_is_refused_instead_of_searched_forever():
    never = WorkingCalendar(weekdays=frozenset())
    always_holiday = WorkingCalendar(special_days={date(2027, 1, 1) + timedelta(days=k): None for k in range(2000)})

    for calendar in (never, always_holiday):
        for ask in (
            lambda c: c.next_working_day(date(2027, 3, 1)),
            lambda c: c.add_working_days(date(2027, 3, 1), 1),
            lambda c: c.next_cutoff(berlin(2027, 3, 1)),
            lambda c: c.dispatch_on(berlin(2027, 3, 1)),
        ):
            with pytest.raises(InputError, match=f"on no day in the {SEARCH_DAYS} days"):
                ask(calendar)


def test_one_open_day_within_the_search_is_found():
    day = date(2027, 3, 1)
    calendar = WorkingCalendar(weekdays=frozenset(), special_days={day + timedelta(days=SEARCH_DAYS): time(12)})

    assert calendar.next_working_day(day) == day + timedelta(days=SEARCH_DAYS)


def test_many_working_days_may_have_more_than_a_year_of_rest_between_them():
    assert WorkingCalendar().add_working_days(date(2027, 3, 1), 1500) == date(2027, 3, 1) + timedelta(days=2100)


@pytest.mark.parametrize("n", [-1, 10**9])
def test_refuses_to_add_an_absurd_number_of_days(n):
    with pytest.raises(InputError, match="working days to add; expected 0 to"):
        WorkingCalendar().add_working_days(date(2027, 3, 1), n)


def test_the_end_of_time_is_refused():
    with pytest.raises(InputError, match="before the year 9999"):
        WorkingCalendar().add_working_days(date(9999, 12, 31), 1)
    with pytest.raises(InputError, match="end of time"):
        local_date(datetime(9999, 12, 31, 23, tzinfo=UTC), "Pacific/Kiritimati")


# local dates


@pytest.mark.parametrize("zone", ZONES)
@given(instant=instants)
def test_local_date_is_what_a_clock_there_shows(zone, instant):
    shown = local_date(instant, zone)

    midnight = datetime.combine(shown, time(), tzinfo=ZoneInfo(zone))
    next_midnight = datetime.combine(shown + timedelta(days=1), time(), tzinfo=ZoneInfo(zone))
    # A midnight that does not exist is read with the offset before the gap, which is the end of the day before.
    assert midnight.astimezone(UTC) - timedelta(hours=1) <= instant < next_midnight.astimezone(UTC)


def test_local_date_refuses_a_time_without_offset_and_an_unknown_zone():
    with pytest.raises(InputError, match="has no offset"):
        local_date(datetime(2027, 3, 1), "UTC")  # noqa: DTZ001
    for name in ("Mars/Olympus", "../etc/passwd", "", "Europe", 5):
        with pytest.raises(InputError, match="expected an IANA name"):
            local_date(datetime(2027, 3, 1, tzinfo=UTC), name)


# holidays


def test_holidays_of_country_and_region():
    assert date(2027, 10, 3) in holiday_dates("DE", None, [2027])
    assert date(2027, 1, 6) not in holiday_dates("DE", None, [2027])
    assert date(2027, 1, 6) in holiday_dates("DE", "BY", [2027])
    assert holiday_dates("DE", "BY", [2026, 2027]) == holiday_dates("DE", "BY", [2026]) | holiday_dates(
        "DE", "BY", [2027]
    )


def test_an_unknown_region_has_the_holidays_of_its_country_and_an_unknown_country_none():
    assert holiday_dates("DE", "nowhere", [2027]) == holiday_dates("DE", None, [2027])
    for country in ("XX", "ZZ", "Germany", "HolidayBase", "", "D1", None):
        assert holiday_dates(country, "BY", [2027]) == frozenset()


def test_holidays_stay_on_their_own_date():
    # 4 July 2027 is a Sunday; offices close on Monday, parcels are carried.
    found = holiday_dates("US", None, [2027])

    assert date(2027, 7, 4) in found
    assert date(2027, 7, 5) not in found


# as data


@given(calendars())
def test_survives_json(calendar):
    again = WorkingCalendar.from_dict(json.loads(json.dumps(calendar.to_dict())))

    assert again == calendar
    assert hash(again) == hash(calendar)
    assert again.to_dict() == calendar.to_dict()


def test_json_needs_only_what_differs_from_the_defaults():
    assert WorkingCalendar.from_dict({}) == WorkingCalendar()
    assert WorkingCalendar.from_dict({"cutoffs": {"5": "11:00"}}).cutoffs == {5: time(11)}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"cutof": {}}, "expected only"),
        ({"cutoffs": {"5": "eleven"}}, "expected times"),
        ({"cutoffs": ["11:00"]}, "expected times"),
        ({"default_cutoff": 14}, "expected times"),
        ({"default_cutoff": "14:00+01:00"}, "without an offset"),
        ({"special_days": {"24.12.2027": None}}, "expected times"),
        ({"weekdays": [7]}, "expected a number from 0"),
        ({"weekdays": 5}, "expected times"),
        ({"cutoffs": {"9": "11:00"}}, "expected a number from 0"),
        ({"time_zone": "CEST-ish"}, "expected an IANA name"),
        ({"holiday_country": 49}, "holiday_country"),
        ({"holiday_region": ["BY"]}, "holiday_region"),
    ],
)
def test_refuses_data_that_is_no_calendar(data, message):
    with pytest.raises(InputError, match=message):
        WorkingCalendar.from_dict(data)


def test_what_was_given_can_change_without_changing_the_calendar():
    cutoffs = {5: time(11)}
    calendar = WorkingCalendar(cutoffs=cutoffs)
    cutoffs[5] = time(12)

    assert calendar.cutoffs == {5: time(11)}
