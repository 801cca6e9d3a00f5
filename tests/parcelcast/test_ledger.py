from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.calendar import WorkingCalendar
from parcelcast.distribution import DeliveryDistribution
from parcelcast.eta import Eta
from parcelcast.ledger import (
    PARTIES,
    DateChange,
    Statement,
    date_change,
    main_party,
    statement,
    total_days,
    warehouse_days_anew,
)
from parcelcast.progress import parcel_progress
from tests.parcelcast.tracking.reports import hours, reports, scan

EVERY_DAY = WorkingCalendar("Europe/Berlin", weekdays=range(7))
GERMAN = WorkingCalendar("Europe/Berlin", weekdays=range(6), holiday_country="DE", holiday_region="BY")
FRIDAY = date(2027, 3, 5)


def change(scans, *, before=FRIDAY, after=FRIDAY, start=0, end=48, attempts=(0, 0), calendar=EVERY_DAY):
    first, second = (Statement(hours(at), day, tries) for at, day, tries in
                     ((start, before, attempts[0]), (end, after, attempts[1])))  # fmt: skip
    return date_change(first, second, parcel_progress(scans, hours(end + 1)), calendar)


def days_of(scans, slip, **more):
    found = change(scans, after=FRIDAY + timedelta(days=slip), **more)
    return {} if found is None else found.days


@given(
    reports(),
    st.dates(date(2027, 1, 1), date(2027, 12, 31)),
    st.integers(-40, 40),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 1),
    st.sampled_from([EVERY_DAY, GERMAN]),
)
def test_the_days_of_all_parties_add_up_to_the_change(scans, day, slip, start, length, more_attempts, calendar):
    progress = parcel_progress(scans, hours(start + length))
    first = Statement(hours(start), day, max(progress.attempts - more_attempts, 0))
    second = Statement(hours(start + length), day + timedelta(days=slip), progress.attempts)
    found = date_change(first, second, progress, calendar)
    if slip == 0:
        assert found is None
    else:
        assert sum(found.days.values()) == slip
        assert set(found.days) <= set(PARTIES)
        assert all(count * slip > 0 for count in found.days.values())


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=6), reports())
def test_the_days_of_a_whole_history_add_up_to_the_whole_slip(moves, scans):
    statements = [Statement(hours(0), FRIDAY)]
    for number, move in enumerate(moves):
        statements.append(Statement(hours(10 * number + 10), statements[-1].likely + timedelta(days=move)))
    changes = [
        date_change(one, other, parcel_progress(scans, other.as_of), GERMAN) for one, other in pairwise(statements)
    ]
    assert sum(total_days(one for one in changes if one is not None).values()) == sum(moves)


@pytest.mark.parametrize(
    ("scans", "party"),
    [
        ([], "warehouse"),
        ([scan("label_created", 1)], "warehouse"),
        ([scan("handed_over", -5)], "carrier"),
        ([scan("import_customs", -5)], "customs"),
        ([scan("import_customs", -50), scan("customs_released", -1)], "carrier"),
        ([scan("at_pickup_point", -5)], "recipient"),
        ([scan("delivery_attempted", -5)], "recipient"),
        ([scan("hub_arrival", -5), scan("exception", 2, reason="weather", party="nature")], "weather"),
        ([scan("hub_arrival", -5), scan("exception", 2, reason="strike", party="carrier")], "carrier"),
        ([scan("hub_arrival", -5), scan("exception", 2, reason="incorrect_address")], "recipient"),
        ([scan("exception", 2, reason="late_handover", party="merchant")], "warehouse"),
        ([scan("hub_arrival", -5), scan("exception", 2, reason="holiday", party="nature")], "holiday"),
    ],
)
def test_days_belong_to_where_the_parcel_stood_or_to_the_exception_in_force(scans, party):
    assert days_of(scans, 2) == {party: 2}
    assert days_of(scans, -1) == {party: -1}


def test_an_exception_without_a_cause_leaves_the_days_where_the_parcel_is():
    assert days_of([scan("hub_arrival", -5), scan("exception", 2)], 1) == {"carrier": 1}


def test_time_in_several_places_shares_the_days_by_the_largest_remainder():
    scans = [scan("handed_over", 30)]  # 30 of 48 hours in the warehouse: 1.25 of 2 days
    assert days_of(scans, 2) == {"warehouse": 1, "carrier": 1}
    assert days_of(scans, 1) == {"warehouse": 1}
    assert days_of(scans, 8) == {"warehouse": 5, "carrier": 3}


@given(reports(), st.integers(1, 40), st.integers(0, 60))
def test_days_that_were_the_warehouses_are_divided_anew_and_add_up(scans, days, end):
    moved = warehouse_days_anew(days, hours(0), Statement(hours(end), FRIDAY), parcel_progress(scans, hours(99)))
    assert sum(moved.values()) == 0
    assert -days <= moved.get("warehouse", 0) <= 0
    assert all(count > 0 for party, count in moved.items() if party != "warehouse")


def test_the_warehouse_keeps_the_days_until_the_parcel_had_left():
    progress = parcel_progress([scan("handed_over", 12), scan("customs_released", 36)], hours(99))
    assert warehouse_days_anew(4, hours(0), Statement(hours(48), FRIDAY), progress) == {"warehouse": -3, "carrier": 3}
    assert warehouse_days_anew(4, hours(0), Statement(hours(12), FRIDAY), progress) == {}


def test_time_under_an_exception_that_is_over_is_its_own():
    scans = [scan("hub_arrival", -5), scan("exception", 0, reason="weather", party="nature"), scan("hub_departure", 36)]
    assert days_of(scans, 4) == {"carrier": 1, "weather": 3}


def test_a_new_failed_attempt_is_the_recipients_unless_the_carrier_is_to_blame():
    tried = {"attempts": (0, 1), "start": 47, "end": 48}
    on_the_road = [scan("hub_arrival", -5), scan("out_for_delivery", 40)]
    assert days_of([*on_the_road, scan("delivery_attempted", 47)], 1, **tried) == {"recipient": 1}
    late = scan("delivery_attempted", 47, reason="out_of_time", party="carrier")
    assert days_of([*on_the_road, late], 1, **tried) == {"carrier": 1}


def test_public_holidays_are_nobodys_days_and_sundays_are_the_causes():
    good_friday = date(2027, 3, 26)
    scans = [scan("hub_arrival", -5)]
    over_easter = change(scans, before=good_friday - timedelta(days=1), after=date(2027, 3, 30), calendar=GERMAN)
    assert over_easter.days == {"carrier": 3, "holiday": 2}  # Good Friday and Easter Monday, not the Sunday
    back = change(scans, before=date(2027, 3, 30), after=good_friday - timedelta(days=1), calendar=GERMAN)
    assert back.days == {"carrier": -3, "holiday": -2}
    forgotten = WorkingCalendar("Europe/Berlin", weekdays=range(6))
    assert change(scans, before=date(2027, 3, 25), after=date(2027, 3, 30), calendar=forgotten).days == {"carrier": 5}


def test_the_statement_is_the_median_on_a_delivery_day():
    saturday = DeliveryDistribution(date(2027, 3, 6), np.array([0.2, 0.6, 0.2]))  # Saturday, Sunday, Monday
    progress = parcel_progress([scan("hub_arrival", 0)], hours(130))
    told = statement(progress, Eta(hours(130), "line_haul", saturday, "model"), GERMAN)
    assert told.likely == date(2027, 3, 8)
    assert Statement.from_dict(told.to_dict()) == told


def test_a_delivered_parcel_states_the_local_day_it_came():
    progress = parcel_progress([scan("delivered", 23.5)], hours(30))
    assert statement(progress, None, GERMAN).likely == date(2027, 3, 2)


def test_where_no_date_can_be_told_nothing_is_stated():
    beyond = Eta(hours(5), "line_haul", DeliveryDistribution(FRIDAY, np.array([0.1])), "model")
    assert statement(parcel_progress([], hours(5)), beyond, GERMAN) is None
    assert statement(parcel_progress([], hours(5)), None, GERMAN) is None
    sure = Eta(hours(5), "returning", DeliveryDistribution.on(FRIDAY), "model")
    assert statement(parcel_progress([scan("return_started", 1)], hours(5)), sure, GERMAN) is None


def test_changes_survive_being_stored():
    found = change([scan("hub_arrival", -5)], after=FRIDAY + timedelta(days=3))
    assert DateChange.from_dict(found.to_dict()) == found


def test_parties_whose_days_were_won_back_are_left_out():
    changes = [
        DateChange(hours(1), FRIDAY, FRIDAY + timedelta(days=2), {"carrier": 1, "weather": 1}),
        DateChange(hours(2), FRIDAY + timedelta(days=2), FRIDAY + timedelta(days=1), {"weather": -1}),
    ]
    assert total_days(changes) == {"carrier": 1}
    assert main_party(total_days(changes)) == "carrier"
