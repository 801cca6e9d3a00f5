"""Sketches against a slow oracle that says, day by day, what was known of each parcel at the end of the day."""

from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.opendays import CalendarKey, OpenDays
from features.sketches import AGES, CANCELLED, UNKNOWN, Level, Sketch, Spells, build_sketch
from tests.features.oracles import EVERY_DAY, Parcel, known_of
from tests.features.worlds import day

MONDAY = day("2026-03-02")
WEEKDAYS = CalendarKey(frozenset(range(5)), None, None)
TUESDAYS = CalendarKey(frozenset({1}), None, None)
BAVARIA = CalendarKey(frozenset(range(6)), "DE", "BY")

# (day, age) -> count, of parcels at risk and of parcels ended
Counts = tuple[Counter[tuple[int, int]], Counter[tuple[int, int]]]


def slow_counts(parcels: list[Parcel], until: int) -> Counts:
    """Each day's counts are what that day added to the knowledge of the day before."""
    at_risk: Counter[tuple[int, int]] = Counter()
    ended: Counter[tuple[int, int]] = Counter()
    for parcel in parcels:
        before: tuple[Counter[int], Counter[int]] = Counter(), Counter()
        for today in range(parcel.start, until + 1):
            tonight = known_of(parcel, today)
            for total, new, old in zip((at_risk, ended), tonight, before, strict=True):
                for age in new.keys() | old.keys():
                    total[today, age] += new[age] - old[age]
            before = tonight
    return at_risk, ended


def sketch_of(parcels: list[Parcel], until: int) -> Sketch:
    first = min((parcel.start for parcel in parcels), default=until)
    ends = [
        (CANCELLED, parcel.cancelled) if parcel.is_cancelled
        else (UNKNOWN, UNKNOWN) if parcel.end is None
        else (parcel.end, parcel.end if parcel.ended_known is None else parcel.ended_known)
        for parcel in parcels
    ]  # fmt: skip
    end, ended_known = np.array(ends, dtype=np.int64).reshape(-1, 2).T
    spells = Spells(
        start=np.array([parcel.start for parcel in parcels], dtype=np.int64),
        started_known=np.array([parcel.begin_known for parcel in parcels], dtype=np.int64),
        end=end,
        ended_known=ended_known,
        opendays=OpenDays.of([parcel.calendar for parcel in parcels], first - 1, until + 10),
    )  # fmt: skip
    keys = np.array([parcel.key for parcel in parcels], dtype=object)
    return build_sketch(spells, [np.full(len(parcels), "*", dtype=object), keys], until)


def counts_of(level: Level, key: str) -> Counts:
    mine = level.code == level.keys.index(key)
    cells = list(zip(level.day[mine].tolist(), level.age[mine].tolist(), strict=True))
    assert len(set(cells)) == len(cells)
    at_risk = Counter(dict(zip(cells, level.at_risk[mine].tolist(), strict=True)))
    return at_risk, Counter(dict(zip(cells, level.ended[mine].tolist(), strict=True)))


def check(parcels: list[Parcel], until: int) -> Level:
    """Hold every key of every level against the oracle; return the narrowest level."""
    wide, narrow = sketch_of(parcels, until).levels
    expected = {key: slow_counts([one for one in parcels if one.key == key], until) for key in narrow.keys}
    for key, counts in expected.items():
        assert counts_of(narrow, key) == counts
    everyone: Counts = Counter(), Counter()
    for counts in expected.values():
        for total, part in zip(everyone, counts, strict=True):
            total.update(part)
    assert counts_of(wide, "*") == everyone
    assert np.all(np.diff(wide.day) >= 0)
    assert np.all(np.diff(narrow.day) >= 0)
    return narrow


def days_at_risk(level: Level) -> dict[tuple[int, int], int]:
    """Return the counts at risk by (days after Monday, age), without zeros."""
    return {(on - MONDAY, age): n for (on, age), n in counts_of(level, "a")[0].items() if n}


def days_ended(level: Level) -> dict[tuple[int, int], int]:
    return {(on - MONDAY, age): n for (on, age), n in counts_of(level, "a")[1].items() if n}


def test_a_parcel_is_at_risk_on_each_day_until_it_ends():
    level = check([Parcel(MONDAY, MONDAY + 2)], MONDAY + 5)
    assert days_at_risk(level) == {(0, 0): 1, (1, 1): 1, (2, 2): 1}
    assert days_ended(level) == {(2, 2): 1}


def test_an_open_parcel_counts_for_as_long_as_it_has_been_under_way():
    level = check([Parcel(MONDAY)], MONDAY + 2)
    assert days_at_risk(level) == {(0, 0): 1, (1, 1): 1, (2, 2): 1}
    assert days_ended(level) == {}


def test_a_delivery_recorded_late_is_first_open_and_taken_back_on_the_day_of_its_record():
    level = check([Parcel(MONDAY, MONDAY + 1, ended_known=MONDAY + 4)], MONDAY + 9)
    assert days_at_risk(level) == {(0, 0): 1, (1, 1): 1, (2, 2): 1, (3, 3): 1, (4, 2): -1, (4, 3): -1}
    assert days_ended(level) == {(4, 1): 1}


def test_a_closed_day_adds_nothing_and_has_the_age_of_the_next_open_one():
    friday = MONDAY + 4
    level = check([Parcel(friday, friday + 4, calendar=WEEKDAYS)], MONDAY + 9)
    assert days_at_risk(level) == {(4, 0): 1, (7, 1): 1, (8, 2): 1}
    assert days_ended(level) == {(8, 2): 1}


def test_a_delivery_on_a_closed_day_counts_on_the_next_open_one():
    friday, sunday = MONDAY + 4, MONDAY + 6
    level = check([Parcel(friday, sunday, calendar=WEEKDAYS)], MONDAY + 9)
    assert days_at_risk(level) == {(4, 0): 1, (7, 1): 1}
    assert days_ended(level) == {(7, 1): 1}
    assert days_ended(check([Parcel(friday, sunday, calendar=WEEKDAYS)], sunday)) == {}


def test_a_delivery_before_the_planned_dispatch_counts_as_age_0_on_that_day():
    level = check([Parcel(MONDAY + 3, MONDAY + 1, started_known=MONDAY)], MONDAY + 9)
    assert days_at_risk(level) == {(3, 0): 1}
    assert days_ended(level) == {(3, 0): 1}


def test_a_start_that_is_recorded_late_counts_from_its_record():
    level = check([Parcel(MONDAY, MONDAY + 3, started_known=MONDAY + 2)], MONDAY + 9)
    assert days_at_risk(level) == {(2, 0): 1, (2, 1): 1, (2, 2): 1, (3, 3): 1}


def test_an_end_recorded_before_the_start_waits_for_it():
    level = check([Parcel(MONDAY, MONDAY, started_known=MONDAY + 2, ended_known=MONDAY)], MONDAY + 9)
    assert days_at_risk(level) == {(2, 0): 1}
    assert days_ended(level) == {(2, 0): 1}


def test_what_is_still_open_after_the_last_age_says_nothing_any_more():
    lost, last, late = (
        Parcel(MONDAY),
        Parcel(MONDAY, MONDAY + AGES - 1, key="b"),
        Parcel(MONDAY, MONDAY + AGES, key="c"),
    )
    level = check([lost, last, late], MONDAY + AGES + 20)
    assert max(age for _, age in days_at_risk(level)) == AGES - 1
    assert [sum(counts_of(level, key)[1].values()) for key in "abc"] == [0, 1, 0]


def test_a_parcel_that_starts_later_counts_nothing():
    level = check([Parcel(MONDAY + 3, started_known=MONDAY)], MONDAY + 2)
    assert len(level.day) == 0
    assert level.keys == ("a",)


def test_a_record_from_the_far_future_is_as_good_as_none():
    absurd = Parcel(MONDAY, MONDAY + 1, ended_known=day("2199-12-31"))
    assert days_at_risk(check([absurd], MONDAY + 3)) == days_at_risk(check([Parcel(MONDAY)], MONDAY + 3))


def test_holidays_are_closed_days():
    epiphany = day("2026-01-06")
    assert epiphany == MONDAY + (date(2026, 1, 6) - date(2026, 3, 2)).days
    level = check([Parcel(epiphany - 1, epiphany + 1, calendar=BAVARIA)], epiphany + 5)
    assert days_ended(level) == {(epiphany + 1 - MONDAY, 1): 1}


def test_no_parcels_make_an_empty_sketch():
    empty = np.array([], dtype=np.int64)
    spells = Spells(empty, empty, empty, empty, OpenDays.of([EVERY_DAY], MONDAY, MONDAY).take(empty))
    (level,) = build_sketch(spells, [np.array([], dtype=object)], MONDAY).levels
    assert (level.keys, len(level.day)) == ((), 0)


def test_a_cancelled_order_waits_until_that_is_known_and_never_ends():
    level = check([Parcel(MONDAY, cancelled=MONDAY + 2)], MONDAY + 9)
    assert days_at_risk(level) == {(0, 0): 1, (1, 1): 1}
    assert days_ended(level) == {}
    came = [Parcel(MONDAY, MONDAY + 1, cancelled=MONDAY + 2), Parcel(MONDAY, MONDAY + 3, cancelled=MONDAY + 2)]
    assert days_ended(check(came, MONDAY + 9)) == {(1, 1): 1}


@st.composite
def parcels_of_worlds(draw: st.DrawFn) -> list[Parcel]:
    near = st.integers(0, 12)
    parcels = []
    for _ in range(draw(st.integers(1, 8))):
        start = MONDAY + draw(near)
        end = draw(st.none() | st.integers(-3, 20) | st.integers(85, 105))
        parcels.append(
            Parcel(
                start=start,
                end=None if end is None else start + end,
                started_known=start + draw(st.integers(-4, 2)),
                ended_known=None if end is None else start + end + draw(st.sampled_from([-2, 0, 0, 1, 2, 9, 30])),
                calendar=draw(st.sampled_from([EVERY_DAY, WEEKDAYS, TUESDAYS, BAVARIA])),
                key=draw(st.sampled_from("ab")),
                cancelled=draw(st.none() | st.none() | st.integers(-3, 30).map(start.__add__)),
            )
        )
    return parcels


@settings(max_examples=60)
@given(parcels_of_worlds(), st.integers(0, 30) | st.integers(92, 120))
def test_sketches_equal_the_slow_oracle(parcels: list[Parcel], days: int):
    check(parcels, MONDAY + days)


@given(parcels_of_worlds(), st.integers(0, 30), st.integers(1, 30))
def test_later_days_only_add_rows(parcels: list[Parcel], days: int, more: int):
    until = MONDAY + days
    for early, late in zip(sketch_of(parcels, until).levels, sketch_of(parcels, until + more).levels, strict=True):
        then = late.day <= until
        assert early.keys == late.keys
        for name in ("day", "code", "age", "at_risk", "ended"):
            assert np.array_equal(getattr(early, name), getattr(late, name)[then])


@given(parcels_of_worlds(), st.integers(0, 30))
def test_facts_recorded_later_change_no_count(parcels: list[Parcel], days: int):
    until = MONDAY + days
    forgotten = [
        replace(one, end=None, ended_known=None) if one.end is not None and one.end_known > until else one
        for one in parcels
    ]
    for told, untold in zip(sketch_of(parcels, until).levels, sketch_of(forgotten, until).levels, strict=True):
        for name in ("day", "code", "age", "at_risk", "ended"):
            assert np.array_equal(getattr(told, name), getattr(untold, name))
