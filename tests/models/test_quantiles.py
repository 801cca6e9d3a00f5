from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hazard import HORIZON, Outcomes
from models.quantiles import LEVELS, QuantileParameters, cdf_of_quantiles, fit_quantiles
from parcelcast.errors import InputError
from tests.features.worlds import history_of, instant, shipment, training_table

QUICK = QuantileParameters(rounds=30, learning_rate=0.2, leaves=4, smallest_leaf=20, rarest_category=1)
FIRST = instant("2026-02-02 09:00")


def slow_cdf(quantiles, levels, day):
    """P(days plus a share of a day < day + 1), looked up between the points."""
    points = [(0.0, 0.0), *zip(sorted(quantiles), levels, strict=True)]
    for (x0, p0), (x1, p1) in pairwise(points):
        if x0 <= day + 1 <= x1 and x1 > x0:
            return p0 + (p1 - p0) * (day + 1 - x0) / (x1 - x0)
    (x0, p0), (x1, p1) = points[-2:]
    rate = np.log((1 - p0) / (1 - p1)) / (x1 - x0)
    return 1 - (1 - p1) * np.exp(-rate * (day + 1 - x1))


def test_the_cdf_is_linear_between_quantiles_and_decays_after_them():
    quantiles, levels = [2.5, 4.25, 9.75], [0.2, 0.5, 0.9]
    cdf = cdf_of_quantiles(np.array([quantiles]), np.array(levels))[0]
    assert cdf.tolist() == pytest.approx([slow_cdf(quantiles, levels, day) for day in range(HORIZON + 1)])


@given(st.lists(st.floats(-5.0, 120.0), min_size=len(LEVELS), max_size=len(LEVELS)))
def test_whatever_the_boosters_say_it_is_a_cdf(quantiles):
    cdf = cdf_of_quantiles(np.array([quantiles]), np.array(LEVELS))[0]
    assert cdf.shape == (HORIZON + 1,)
    assert (np.diff(cdf) >= -1e-12).all()
    assert 0.0 <= cdf[0] <= cdf[-1] <= 1.0


def test_quantiles_that_cross_are_sorted():
    levels = np.array([0.25, 0.5, 0.75])
    crossed, sorted_ones = (cdf_of_quantiles(np.array([row]), levels) for row in ([6.0, 3.0, 4.0], [3.0, 4.0, 6.0]))
    assert np.array_equal(crossed, sorted_ones)


@pytest.fixture(scope="module")
def history():
    rows = []
    for number in range(400):
        ordered = FIRST + timedelta(days=number % 40, minutes=number)
        heavy = number % 2 == 0
        delivered = ordered + timedelta(days=2 if heavy else 6)
        rows.append(shipment(number, ordered, weight_g=1000.0 if heavy else 100.0, delivered_at=delivered))
    return history_of(rows)


@pytest.fixture(scope="module")
def assembled(history):
    return training_table(history)


def test_it_learns_what_makes_parcels_slow(history, assembled):
    model = fit_quantiles(assembled, Outcomes(history.lead_days, np.full(400, HORIZON)), QUICK)
    cdf = model.cdf(assembled)
    is_heavy = assembled.orders.weight_g == 1000.0
    median = (cdf < 0.5).sum(axis=1)
    assert (median[is_heavy] == 2).mean() > 0.9
    assert (median[~is_heavy] == 6).mean() > 0.9


def test_it_learns_from_known_deliveries_only(history, assembled):
    heavy_ones = np.where(assembled.orders.weight_g == 1000.0, history.lead_days, -1)
    cdf = fit_quantiles(assembled, Outcomes(heavy_ones, np.full(400, HORIZON)), QUICK).cdf(assembled)
    assert ((cdf < 0.5).sum(axis=1) == 2).all()


def test_it_tells_how_far_it_is(history, assembled):
    heard = []
    fit_quantiles(assembled, Outcomes(history.lead_days, np.full(400, HORIZON)), QUICK, heard.append)
    assert heard == [done / QUICK.rounds for done in range(QUICK.rounds + 1)]


def test_without_a_known_delivery_there_is_nothing_to_learn(assembled):
    with pytest.raises(InputError, match="no delivery is known"):
        fit_quantiles(assembled, Outcomes(np.full(400, -1), np.full(400, 3)), QUICK)
