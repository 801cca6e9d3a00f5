import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import BetaMap, fit_beta_map
from models.hazard import Outcomes
from parcelcast.errors import InputError

DAYS = 30
GEOMETRIC = 1.0 - 0.8 ** np.arange(1.0, DAYS + 1)  # one in five of those left is delivered each day


def delivered(n, seed=1):
    return np.random.default_rng(seed).geometric(0.2, size=n) - 1


def outcomes(lead, seen=DAYS):
    seen_days = np.broadcast_to(seen, lead.shape)
    return Outcomes(np.where(lead <= seen_days, lead, -1), np.array(seen_days))


def test_calibrated_forecasts_are_left_as_they_are():
    lead = delivered(4000)
    found = fit_beta_map(np.repeat(GEOMETRIC[None], len(lead), axis=0), outcomes(lead))
    assert np.abs(found.apply(GEOMETRIC) - GEOMETRIC).max() < 0.02


def test_a_distortion_becomes_smaller():
    stated = BetaMap(0.6, 1.5, 0.4).apply(GEOMETRIC)
    wrong = np.abs(stated - GEOMETRIC).max()
    assert wrong > 0.2
    lead = delivered(4000)
    found = fit_beta_map(np.repeat(stated[None], len(lead), axis=0), outcomes(lead))
    assert np.abs(found.apply(stated) - GEOMETRIC).max() < 0.8 * wrong


def test_orders_still_open_do_not_bias_it_towards_fast_parcels():
    lead = delivered(4000)
    seen = np.arange(4000) % 10
    cdf = np.repeat(GEOMETRIC[None], len(lead), axis=0)
    found = fit_beta_map(cdf, outcomes(lead, seen))
    assert np.abs(found.apply(GEOMETRIC[:10]) - GEOMETRIC[:10]).max() < 0.03


def test_few_orders_change_nothing():
    lead = delivered(199)
    cdf = np.full((199, DAYS), 0.5)
    assert fit_beta_map(cdf, outcomes(lead)) == BetaMap()
    assert fit_beta_map(np.full((200, DAYS), 0.5), outcomes(delivered(200))) != BetaMap()


def test_forecasts_without_doubt_change_nothing():
    cdf = np.repeat((np.arange(DAYS) >= 3).astype(float)[None], 300, axis=0)
    assert fit_beta_map(cdf, outcomes(delivered(300))) == BetaMap()


@given(
    st.lists(st.floats(1e-9, 1.0), min_size=2, max_size=20).map(sorted),
    st.floats(0.25, 4.0),
    st.floats(0.25, 4.0),
    st.floats(-4.0, 4.0),
)
def test_the_map_keeps_cdfs_monotone_and_their_ends(values, a, b, c):
    mapped = BetaMap(a, b, c).apply(np.array([0.0, *values, 1.0]))
    assert (np.diff(mapped) >= -1e-12).all()
    assert mapped[0] == 0.0
    assert mapped[-1] == 1.0


@pytest.mark.parametrize("numbers", [(0.0, 1.0, 0.0), (1.0, -0.1, 0.0), (1.0, 1.0, float("nan"))])
def test_a_map_that_could_fall_is_refused(numbers):
    with pytest.raises(InputError, match="calibration map"):
        BetaMap(*numbers)
