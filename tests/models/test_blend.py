from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.blend import Blend, best_share, mixed
from models.hazard import Outcomes
from models.metrics import crps

RANDOM = np.random.default_rng(5)
SLOW = np.cumsum(RANDOM.dirichlet(np.arange(1.0, 21.0), size=300), axis=1)
FAST = np.cumsum(RANDOM.dirichlet(np.arange(20.0, 0.0, -1.0), size=300), axis=1)


@dataclass(frozen=True)
class Says:
    what: np.ndarray

    def cdf(self, assembled, shift):
        return self.what + shift[:, None]


def test_a_blend_mixes_log_odds_in_its_proportion_and_passes_the_correction_on():
    blend = Blend(Says(np.full((2, 3), 0.2)), Says(np.full((2, 3), 0.6)), 0.25)
    odds = np.array([(2 / 8) ** 0.75 * (6 / 4) ** 0.25, (3 / 7) ** 0.75 * (7 / 3) ** 0.25])
    assert blend.cdf(None, np.array([0.0, 0.1])) == pytest.approx(np.tile(odds / (1 + odds), (3, 1)).T)


@given(st.floats(0.0, 1.0))
def test_a_mixed_cdf_lies_between_both_and_never_falls(share):
    found = mixed(SLOW, FAST, share)
    assert (np.diff(found) >= -1e-12).all()
    assert (np.minimum(SLOW, FAST) - 1e-4 <= found).all()
    assert (found <= np.maximum(SLOW, FAST) + 1e-4).all()
    assert (mixed(SLOW, SLOW, share) == SLOW).all()


def test_without_a_second_opinion_there_is_no_share():
    blend = Blend(Says(np.full((1, 3), 0.2))).with_share(0.7)
    assert blend.share == 0.0
    assert blend.cdf(None, np.zeros(1)).tolist() == [[0.2] * 3]


def test_the_best_share_has_the_least_crps_when_all_is_known():
    lead = np.random.default_rng(1).integers(0, 20, size=300)
    share = best_share(SLOW, FAST, Outcomes(lead, np.full(300, 99)))
    scores = {w: crps((1 - w) * SLOW + w * FAST, lead).mean() for w in np.linspace(0, 1, 101)}
    assert share == pytest.approx(min(scores, key=scores.get), abs=0.006)
    assert 0.05 < share < 0.95


def test_the_share_is_within_0_and_1():
    lead = np.full(300, 19)
    assert best_share(SLOW, FAST, Outcomes(lead, np.full(300, 99))) == 0.0
    assert best_share(FAST, SLOW, Outcomes(lead, np.full(300, 99))) == 1.0


def test_days_that_are_not_known_yet_do_not_count():
    lead = np.random.default_rng(1).integers(0, 20, size=300)
    other = FAST.copy()
    other[:, 6:] = 1.0
    known = Outcomes(np.where(lead <= 5, lead, -1), np.full(300, 5))
    assert best_share(SLOW, FAST, known) == best_share(SLOW, other, known)


def test_equal_opinions_need_no_share():
    assert best_share(SLOW, SLOW, Outcomes(np.full(300, 3), np.full(300, 99))) == 0.0
