"""The pace of the last days against a loop over ages and levels."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from features.pace import Window, pace_of
from features.sketches import AGES

counts = arrays.arrays(np.float64, (2, 2, AGES), elements=st.integers(-3, 9))  # level, key, age
ends = arrays.arrays(np.float64, (2, 2, AGES), elements=st.integers(0, 4))
shares = arrays.arrays(np.float64, (2, 2, AGES), elements=st.floats(0, 1))


def window(at_risk: dict[int, int], ended: dict[int, int], days: int) -> Window:
    """Return the counts of one key on one level by age."""
    both = []
    for told in (at_risk, ended):
        row = np.zeros((1, AGES))
        for age, count in told.items():
            row[0, age] = count
        both.append([row])
    return Window(*both, days)


def hazard(**by_age: float) -> list[np.ndarray]:
    row = np.zeros((1, AGES))
    for name, value in by_age.items():
        row[0, int(name.removeprefix("age_"))] = value
    return [row]


@given(counts, ends, counts, shares)
def test_it_is_recorded_over_expected_drawn_towards_the_wider_level(at_risk, ended, usual, hazards):
    found = pace_of(Window(list(at_risk), list(ended), 7), Window(list(usual), list(ended), 120), list(hazards))
    for key in range(2):
        if usual[0, key].sum() <= 0:
            assert np.isnan(found.ended[key])
            assert np.isnan(found.under_way[key])
            continue
        ratio = 1.0
        for level in range(2):
            expected = sum(
                max(risk, end) * share
                for risk, end, share in zip(at_risk[level, key], ended[level, key], hazards[level, key], strict=True)
            )
            ratio = (sum(ended[level, key]) + 20.0 * ratio) / (expected + 20.0)
        assert found.ended[key] == pytest.approx(log(ratio))
        now, often = max(sum(at_risk[1, key]), 0), max(sum(usual[1, key]), 0) * 7 / 120
        assert found.under_way[key] == pytest.approx(log((now + 2.0) / (often + 2.0)))


def test_parcels_that_should_have_come_and_have_not_slow_the_pace_while_they_are_still_on_the_road():
    usual, half = window({1: 1200}, {1: 600}, 120), hazard(age_1=0.5)
    on_time = pace_of(window({1: 40}, {1: 20}, 3), usual, half)
    nobody = pace_of(window({1: 40}, {}, 3), usual, half)
    young = pace_of(window({0: 40}, {}, 3), usual, half)
    assert on_time.ended.tolist() == young.ended.tolist() == [0.0]
    assert nobody.ended.tolist() == [pytest.approx(log(20 / 40))]


def test_without_any_parcel_in_the_long_window_there_is_no_pace():
    nothing = pace_of(window({}, {}, 3), window({}, {}, 120), hazard())
    assert np.isnan(nothing.ended).all()
    assert np.isnan(nothing.under_way).all()
