from dataclasses import replace

import numpy as np
import pytest

from features.sketches import UNKNOWN
from models.calibration import BetaMap
from models.living.model import LivingModel, stage_group
from models.living.training import Landmarks, living_outcomes
from parcelcast.progress import STAGES
from pipelines.living.handover import handovers
from tests.pipelines.living.world import living, world


@pytest.fixture(scope="module")
def handed_over():
    """Parcels right after their handover: all are in the same stage."""
    made = world()
    return handovers(made.prepared, made.feed, np.arange(1500, 1600))


def test_distributions_rise_and_end_below_one(handed_over):
    cdf = living().cdf(handed_over.assembled)
    assert cdf.shape == (len(handed_over), 91)
    assert (np.diff(cdf, axis=1) >= -1e-12).all()
    assert cdf.min() >= 0.0
    assert cdf.max() <= 1.0


def test_the_correction_moves_parcels_that_were_just_handed_over_and_no_others(handed_over):
    faster = living().cdf(handed_over.assembled, 0.5)
    plain = living().cdf(handed_over.assembled)
    assert (faster[:, :10].mean(axis=0) > plain[:, :10].mean(axis=0)).all()
    stages = np.full(len(handed_over), "line_haul", dtype=object)
    elsewhere = replace(handed_over.assembled, categories={**handed_over.assembled.categories, "stage": stages})
    assert np.array_equal(living().cdf(elsewhere, 0.5), living().cdf(elsewhere))


def test_each_group_of_stages_has_its_own_map(handed_over):
    plain = LivingModel(living().hazard, {}).cdf(handed_over.assembled)
    later = BetaMap(a=2.0)
    mapped = LivingModel(living().hazard, {"moving": later, "depot": BetaMap(a=0.5)}).cdf(handed_over.assembled)
    assert np.array_equal(mapped, later.apply(plain))


def test_every_stage_in_which_a_parcel_is_awaited_has_a_group():
    groups = stage_group(np.array(STAGES, dtype=object))
    assert [stage for stage, group in zip(STAGES, groups, strict=True) if not group] == ["delivered", "returned"]


def test_only_what_was_recorded_before_the_day_is_an_outcome(handed_over):
    history = world().prepared.history
    as_of = int(np.median(handed_over.assembled.orders.known_day)) + 2
    known = living_outcomes(history, handed_over, as_of)
    row, anchor = handed_over.row, handed_over.assembled.orders.ordered_on
    is_told = (history.delivered_known[row] < as_of) & (history.delivered_on[row] != UNKNOWN)
    assert 0 < is_told.sum() < len(row)
    assert ((known.lead_days >= 0) == is_told).all()
    assert (known.lead_days[is_told] == np.maximum(history.delivered_on[row] - anchor, 0)[is_told]).all()


def test_lost_and_returned_parcels_stay_at_risk_and_cancelled_orders_do_not():
    made = world()
    history, today = made.prepared.history, made.today
    ended = np.flatnonzero((history.ended_known != UNKNOWN) & (history.delivered_on == UNKNOWN))
    assert len(ended) > 5
    features = handovers(made.prepared, made.feed, np.arange(1)).assembled.take(np.zeros(len(ended), dtype=np.intp))
    anchor = features.orders.ordered_on
    seen = living_outcomes(history, Landmarks(ended, features), today).seen_days
    never_left = history.dispatched_on[ended] == UNKNOWN
    assert never_left.any()
    assert not never_left.all()
    assert (seen[~never_left] == (today - 1 - anchor)[~never_left]).all()
    assert (seen[never_left] == (np.minimum(history.ended_known[ended], today) - 1 - anchor)[never_left]).all()
