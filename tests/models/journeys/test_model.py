from dataclasses import replace

import numpy as np
import pytest

from models.journeys.grid import ENDS
from models.journeys.hazard import HazardParameters
from models.journeys.history import HISTORY_COLUMNS, LegHistory
from models.journeys.legs import MILESTONES, landmarks_of
from models.journeys.model import JourneyParameters, delay_risk, fit_journeys, train_journeys
from models.journeys.scorecard import journey_scores, process_scores, told_by_all
from models.journeys.whole import process_cdf, processes_of
from parcelcast.errors import InputError

QUICK = JourneyParameters(HazardParameters(rounds=25, learning_rate=0.2, smallest_leaf=50))


@pytest.fixture(scope="module")
def model(legs):
    return fit_journeys(legs.take(legs.process < 150), QUICK)


@pytest.fixture(scope="module")
def later(legs):
    return landmarks_of(legs.take(legs.process >= 150))


def test_a_leg_is_forecast_at_its_start_and_after_each_recorded_milestone(legs):
    only = legs.take(np.array([0, 1]))
    effective = np.array([[5.0, 2, 7, 0, 0, 0, 0, 9], [5.0, 0, 7, 1, 2, 0, 0, 0]])
    landmarks = landmarks_of(replace(only, effective=effective))
    told = [(int(row), MILESTONES[number]) for row, number in zip(landmarks.row, landmarks.milestone, strict=True)]
    assert told == [(0, m) for m in ("start", "rcs", "dep_1", "rcf_1")] + [
        (1, m) for m in ("start", "rcs", "rcf_1", "dep_2", "rcf_2")
    ]
    assert landmarks.elapsed[:4].tolist() == [0.0, 5.0, 7.0, 14.0]
    assert landmarks.remaining[:4].tolist() == [23.0, 18.0, 16.0, 9.0]
    assert np.isnan(landmarks.remaining[4:]).all()


def test_what_happens_after_a_milestone_changes_no_forecast_at_it(model, later):
    before = model.cdf(later)
    legs = later.legs
    for number in range(len(MILESTONES)):
        changed = legs.effective.copy()
        changed[:, number:] = np.where(changed[:, number:] > 0.0, changed[:, number:] * 3.0 + 40.0, 0.0)
        after = landmarks_of(replace(legs, effective=changed))
        known = later.milestone <= number
        assert (model.cdf(after)[known] == before[known]).all()


def test_a_history_out_of_process_is_the_one_learned_without_that_process(legs):
    mine = legs.process == 17
    of_all, of_others = LegHistory(legs), LegHistory(legs.take(~mine))
    numbers = HISTORY_COLUMNS.index("log_wait")
    assert of_all.out_of_process[mine, numbers] == pytest.approx(
        of_others.columns(legs.take(mine))[:, numbers], abs=1e-2
    )
    other = legs.effective.copy()
    other[mine] *= 50.0
    again = LegHistory(replace(legs, effective=other))
    assert np.allclose(again.out_of_process[mine], of_all.out_of_process[mine])
    assert not np.allclose(again.out_of_process[~mine], of_all.out_of_process[~mine])


def test_history_learns_the_slow_airport_and_draws_an_unknown_one_to_the_middle(legs):
    history = LegHistory(legs)
    one = legs.take(np.zeros(3, dtype=np.intp))
    place = one.place.copy()
    place[:, 1] = [1, 3, 999]
    place[:, 2:] = 0
    planned = np.tile([10.0, 3.0, 12.0, 0.0, 0.0, 0.0, 0.0, 50.0], (3, 1))
    waits = history.columns(replace(one, place=place, planned=planned))[:, HISTORY_COLUMNS.index("log_wait")]
    assert waits[0] > waits[2] > waits[1]


def test_forecasts_are_distributions_that_beat_the_plan(model, later):
    cdf = model.cdf(later)
    assert cdf.shape == (len(later), len(ENDS))
    assert (np.diff(cdf, axis=1, prepend=0.0) >= -1e-12).all()
    assert cdf.max() <= 1.0
    scores = journey_scores(later, told_by_all(later, cdf, later))
    model_scores, plan = scores["model"]["average"], scores["plan"]["average"]
    assert model_scores["mae_hours"] < 0.7 * plan["mae_hours"]
    assert model_scores["average_precision"] > 2.0 * model_scores["late_share"]


def test_the_risk_is_the_tail_of_the_same_distribution_and_certain_once_the_plan_is_used_up(model, later):
    cdf = model.cdf(later)
    risk = delay_risk(cdf, later)
    assert (risk[later.slack <= 0.0] == 1.0).all()
    at_end = np.flatnonzero(np.isclose(later.slack, 75.0) & (later.slack > 0.0))
    step = int(np.searchsorted(ENDS, 72.0))
    between = (risk[at_end] <= 1.0 - cdf[at_end, step]) & (risk[at_end] >= 1.0 - cdf[at_end, step + 1])
    assert len(at_end)
    assert between.all()


def test_a_whole_process_takes_its_slowest_inbound_leg_and_the_outbound_one(model, later):
    processes = processes_of(later.legs)
    total = later.legs.effective_total
    assert processes.effective[0] == pytest.approx(max(total[0], total[1]) + total[2])
    cdf = process_cdf(processes, later, model.cdf(later), 0.3)
    assert (np.diff(cdf, axis=1) >= -1e-12).all()
    figures = process_scores(processes, cdf)
    assert figures["mae_hours"] < figures["plan_mae_hours"]


def test_training_calibrates_on_the_last_processes(legs):
    trained = train_journeys(legs, QUICK)
    assert (trained.processes, trained.calibrated_on) == (200, 40)
    assert 0.0 <= trained.shared_fate <= 1.0


def test_too_few_processes_are_refused(legs):
    with pytest.raises(InputError, match="expected at least 50"):
        train_journeys(legs.take(legs.process < 20), QUICK)
