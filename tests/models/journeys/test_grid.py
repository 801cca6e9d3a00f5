import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.journeys.grid import ENDS, HORIZON_HOURS, WIDTHS, by, hourly, quantile, step_of, tilted

cdfs = st.lists(st.floats(0.0, 0.2), min_size=len(ENDS), max_size=len(ENDS)).map(
    lambda hazard: 1.0 - np.cumprod(1.0 - np.array(hazard))[None, :]
)


def test_no_step_is_longer_than_six_hours():
    assert WIDTHS.max() == 6.0
    assert ENDS[-1] == HORIZON_HOURS


@given(cdfs, st.floats(0.05, 0.95))
def test_a_quantile_is_where_the_distribution_reaches_the_level(cdf, level):
    hours = quantile(cdf, level)
    if cdf[0, -1] >= level:
        assert by(cdf, hours) == pytest.approx(level, abs=1e-9)
    else:
        assert hours == HORIZON_HOURS


@given(cdfs)
def test_hours_are_told_as_the_grid_tells_them(cdf):
    told = hourly(cdf)
    assert told.shape == (1, HORIZON_HOURS)
    assert (np.diff(told) >= -1e-12).all()
    assert [told[0, hour - 1] for hour in (1, 30, 720)] == pytest.approx(
        [by(cdf, np.array([float(hour)]))[0] for hour in (1, 30, 720)]
    )


@given(cdfs, st.floats(-10.0, 1000.0), st.floats(0.001, 0.999))
def test_a_tilted_distribution_rises_and_states_the_wanted_tail_at_an_end_of_a_step(cdf, hours, beyond):
    hours = ENDS[min(step_of(np.array([hours]))[0], len(ENDS) - 2)]
    result = tilted(cdf, np.array([hours]), np.array([beyond]))
    assert (np.diff(result, prepend=0.0) >= -1e-9).all()
    assert result.max() <= 1.0
    if 1e-6 < 1.0 - by(cdf, np.array([hours]))[0] < 1.0 - 1e-6:
        assert 1.0 - by(result, np.array([hours])) == pytest.approx(beyond, abs=1e-6)


def test_a_deadline_that_has_passed_tilts_nothing():
    cdf = np.linspace(0.1, 0.9, len(ENDS))[None, :]
    assert (tilted(cdf, np.array([-3.0]), np.array([0.5])) == cdf).all()
