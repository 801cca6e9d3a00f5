import math

import numpy as np
import pytest

from models.correction import FIRST_DAYS, SHARE, WINDOW_DAYS, balance, shifted

DAYS = 40
FIRST = 20_000
IMAGINARY = 40.0


def parcels(n_per_day, lead):
    """A steady stream of parcels that all take so many days; ordered on, recorded on."""
    ordered = np.repeat(np.arange(FIRST, FIRST + DAYS), n_per_day)
    return ordered, ordered + lead


def certain(n, day):
    return np.repeat((np.arange(91) >= day).astype(float)[None], n, axis=0)


def never(n):
    return np.full(n, FIRST + 10_000)


def slow_balance(cdf, ordered_on, recorded_on, ended_on, day):
    """Expected and recorded deliveries of one day, parcel by parcel."""
    expected = recorded = 0.0
    for row, ordered, known, ended in zip(cdf, ordered_on, recorded_on, ended_on, strict=True):
        k = day - ordered
        if k < 0 or k >= FIRST_DAYS:
            continue
        before = row[k - 1] if k else 0.0
        if (known < 0 or day <= known) and day < ended:
            expected += (row[k] - before) / (1.0 - before) if before < 1.0 else 0.0
        recorded += known == day
    return recorded, expected


def test_it_counts_recorded_and_expected_deliveries_of_each_day():
    random = np.random.default_rng(2)
    ordered = FIRST + random.integers(0, 15, size=60)
    recorded = np.where(random.uniform(size=60) < 0.3, -1, ordered + random.integers(0, 12, size=60))
    cdf = np.sort(random.uniform(0.0, 0.999, size=(60, 91)), axis=1)
    until = FIRST + 25
    ended = np.where(random.uniform(size=60) < 0.2, ordered + random.integers(0, 12, size=60), FIRST + 10_000)
    found = balance(cdf, ordered, recorded, ended, until)
    for day in range(found.first, until + 1):
        told = (found.recorded[day - found.first], found.expected[day - found.first])
        assert told == pytest.approx(slow_balance(cdf, ordered, recorded, ended, day))


def test_parcels_that_come_as_expected_shift_nothing():
    ordered, recorded = parcels(5, 3)
    found = balance(certain(len(ordered), 3), ordered, recorded, never(len(ordered)), FIRST + DAYS)
    assert found.shift(np.array([FIRST + 30]))[0] == pytest.approx(0.0)


def test_parcels_that_come_sooner_than_expected_shift_forecasts_forward():
    ordered, recorded = parcels(5, 2)
    halves = np.repeat(np.clip((np.arange(91) - 1) / 2.0, 0.0, 0.999)[None], len(ordered), axis=0)
    # half are expected on day 2, and all come then
    shift = balance(halves, ordered, recorded, never(len(ordered)), FIRST + DAYS).shift(np.array([FIRST + 30]))[0]
    counted = 5 * WINDOW_DAYS
    assert shift == pytest.approx(SHARE * math.log((counted + IMAGINARY) / (counted / 2 + IMAGINARY)))


def test_a_slowdown_shows_while_its_parcels_are_still_on_the_way():
    ordered, _ = parcels(5, 3)
    unknown = np.full(len(ordered), -1)
    assert (
        balance(certain(len(ordered), 3), ordered, unknown, never(len(ordered)), FIRST + DAYS).shift(
            np.array([FIRST + 30])
        )[0]
        < -0.5
    )


def test_nothing_recorded_on_the_day_of_the_forecast_or_later_is_seen():
    ordered, recorded = parcels(5, 3)
    day = FIRST + 30
    cdf = certain(len(ordered), 5)
    as_it_was = np.where(recorded >= day, -1, recorded)
    everything = balance(cdf, ordered, recorded, never(len(ordered)), FIRST + DAYS).shift(np.array([day]))
    assert everything == balance(cdf, ordered, as_it_was, never(len(ordered)), FIRST + DAYS).shift(np.array([day]))


def test_before_the_first_parcel_there_is_nothing_to_correct():
    ordered, recorded = parcels(5, 1)
    found = balance(certain(len(ordered), 5), ordered, recorded, never(len(ordered)), FIRST + DAYS)
    assert found.shift(np.array([FIRST]))[0] == 0.0


def test_no_parcels_at_all_shift_nothing():
    nothing = np.empty(0, dtype=np.int64)
    found = balance(np.empty((0, 91)), nothing, nothing, nothing, FIRST)
    assert found.shift(np.array([FIRST, FIRST + 3])).tolist() == [0, 0]


def test_a_day_that_is_certain_stays_certain_whatever_the_shift():
    assert shifted(np.array([[0.0, 1.0, 1.0]] * 2), np.array([3.0, -3.0])).tolist() == [[0.0, 1.0, 1.0]] * 2
