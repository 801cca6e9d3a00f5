import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.metrics import (
    absolute_error_of_median,
    crps,
    is_covered,
    pit,
    quantile_days,
    reliability,
    summary,
)

# Delivered on day 1, 2 or 3 with probability 0.2, 0.5 and 0.2; the rest later than the horizon of 4 days.
CDF = np.array([[0.0, 0.2, 0.7, 0.9, 0.9]])


def slow_crps(cdf, lead):
    total = 0.0
    for day, reached in enumerate(cdf):
        delivered = 1.0 if lead <= day else 0.0
        total += (reached - delivered) ** 2
    return total


@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9).map(sorted),
    st.integers(0, 12),
)
def test_crps_sums_squares_over_the_days(cdf, lead):
    assert crps(np.array([cdf]), np.array([lead]))[0] == pytest.approx(slow_crps(cdf, lead))


def test_crps_of_a_certain_date_is_its_distance_from_the_delivery():
    certain = (np.arange(91) >= 7).astype(float)[None, :]
    assert crps(np.repeat(certain, 3, axis=0), np.array([7, 4, 12])).tolist() == [0.0, 3.0, 5.0]


def test_a_quantile_is_the_first_day_that_reaches_the_level():
    assert [quantile_days(CDF, level)[0] for level in (0.1, 0.2, 0.21, 0.7, 0.9)] == [1, 1, 2, 2, 3]


def test_a_quantile_beyond_the_horizon_is_the_day_after_it():
    assert quantile_days(CDF, 0.95)[0] == 5


def test_the_median_is_as_wrong_as_it_is_far_away():
    assert absolute_error_of_median(np.repeat(CDF, 3, axis=0), np.array([2, 0, 9])).tolist() == [0.0, 2.0, 7.0]


@pytest.mark.parametrize(("lead", "inside"), [(0, False), (1, True), (3, True), (4, False)])
def test_both_ends_of_an_interval_belong_to_it(lead, inside):
    # 80 %: from the 10 % quantile, day 1, to the 90 % quantile, day 3
    assert is_covered(CDF, np.array([lead]), 0.8)[0] == inside


@pytest.mark.parametrize(
    ("lead", "drawn", "value"), [(2, 0.0, 0.2), (2, 1.0, 0.7), (2, 0.5, 0.45), (0, 1.0, 0.0), (9, 0.0, 0.9)]
)
def test_pit_lies_between_the_cdf_before_and_at_the_delivery(lead, drawn, value):
    assert pit(CDF, np.array([lead]), np.array([drawn]))[0] == pytest.approx(value)


def test_pit_of_a_true_forecast_is_uniform():
    random = np.random.default_rng(3)
    lead = random.choice(6, size=20_000, p=[0.0, 0.2, 0.5, 0.2, 0.0, 0.1])
    values = pit(np.repeat(CDF, len(lead), axis=0), lead, random.uniform(size=len(lead)))
    shares, _ = np.histogram(values, bins=5, range=(0.0, 1.0))
    assert shares / len(lead) == pytest.approx([0.2] * 5, abs=0.015)


def test_reliability_pools_days_that_are_neither_sure_nor_impossible():
    stated, happened, pairs = reliability(np.array([[0.0, 0.3, 1.0], [0.3, 0.8, 1.0]]), np.array([1, 1]), bins=2)
    assert stated.tolist() == pytest.approx([0.3, 0.8])
    assert happened.tolist() == [0.5, 1.0]
    assert pairs.tolist() == [2, 1]


def test_the_summary_names_its_units_and_levels():
    told = summary(CDF, np.array([2]), (0.5, 0.9))
    assert told == {
        "parcels": 1.0,
        "crps_days": pytest.approx(slow_crps(CDF[0], 2)),
        "mae_median_days": 0.0,
        "coverage_50": 1.0,
        "coverage_90": 1.0,
    }
