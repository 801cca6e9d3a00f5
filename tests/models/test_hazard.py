from dataclasses import replace
from datetime import timedelta

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.opendays import OpenDays
from models.correction import shifted
from models.hazard import (
    BOOSTERS,
    HORIZON,
    NEGLIGIBLE,
    HazardModel,
    HazardParameters,
    Outcomes,
    cdf_in_chunks,
    fit_hazard,
    person_periods,
    without_most_far,
)
from parcelcast.errors import ArtefactError, InputError
from tests.features.worlds import history_of, instant, shipment, training_table

QUICK = HazardParameters(rounds=20, learning_rate=0.2, smallest_leaf=20, half_life_days=0.0, rarest_category=1)
FIRST = instant("2026-02-02 09:00")  # a Monday


def slow_person_periods(lead_days, seen_days):
    found = []
    for row, (lead, seen) in enumerate(zip(lead_days, seen_days, strict=True)):
        for day in range(HORIZON + 1):
            if (lead >= 0 and day > lead) or (lead < 0 and day > seen):
                break
            found.append((row, day, lead == day))
    return found


@given(st.lists(st.tuples(st.integers(-1, HORIZON + 5), st.integers(-3, HORIZON + 5)), min_size=1, max_size=5))
def test_every_order_gives_a_row_for_each_day_at_risk(parcels):
    lead, seen = (np.array(column) for column in zip(*parcels, strict=True))
    rows, steps, delivered = person_periods(Outcomes(lead, seen))
    assert list(zip(rows, steps, delivered, strict=True)) == slow_person_periods(lead, seen)


def test_of_far_days_some_stand_for_all_and_every_delivery_is_kept():
    lead = np.where(np.arange(400) % 4 == 0, np.arange(400) % 80, -1)
    rows, steps, delivered = person_periods(Outcomes(lead, np.full(400, 90)))
    kept, times = without_most_far(steps, delivered, 0.125, seed=0)
    far = steps >= 20
    assert set(np.flatnonzero(delivered | ~far)) <= set(kept.tolist())
    assert (times[(delivered | ~far)[kept]] == 1.0).all()
    assert len(kept) < 0.45 * len(rows)
    for age in (20, 50, 90):
        later = far & ~delivered & (steps <= age)
        assert times[later[kept]].sum() == pytest.approx(later.sum(), rel=0.35 if age == 20 else 0.1)


def test_the_cdf_multiplies_the_chances_of_not_coming():
    hazards = np.random.default_rng(1).uniform(0.0, 0.2, size=(3, HORIZON + 1))
    cdf = cdf_in_chunks(lambda rows, steps: hazards[rows, steps], np.full(3, NEGLIGIBLE))
    for row in range(3):
        left = 1.0
        for day in range(HORIZON + 1):
            left *= 1.0 - hazards[row, day]
            assert cdf[row, day] == pytest.approx(1.0 - left)


def test_days_after_certain_delivery_are_not_asked_for():
    asked = []

    def hazard(rows, steps):
        asked.extend(zip(rows.tolist(), steps.tolist(), strict=True))
        return np.where(rows == 0, 1.0, 0.0)

    cdf = cdf_in_chunks(hazard, np.full(2, NEGLIGIBLE))
    assert max(step for row, step in asked if row == 0) < HORIZON
    assert (1, HORIZON) in asked
    assert (cdf[0] == 1.0).all()
    assert (cdf[1] == 0.0).all()


def test_each_order_tells_how_much_is_too_little_to_ask_on_for():
    asked = []

    def hazard(rows, steps):
        asked.extend(zip(rows.tolist(), steps.tolist(), strict=True))
        return np.where(steps == 0, 0.9, 0.01)

    cdf = cdf_in_chunks(hazard, np.array([0.2, 0.05]), ((0, 3), (3, HORIZON + 1)))
    assert {row for row, step in asked if step >= 3} == {1}
    assert (cdf[0, 2:] == cdf[0, 2]).all()
    assert cdf[0, 2] == cdf[1, 2] < cdf[1, 3]


@pytest.fixture(scope="module")
def history():
    """Ten orders a day for forty days; what weighs a kilogram takes two days, what weighs a hundred grams four."""
    rows = []
    for number in range(400):
        ordered = FIRST + timedelta(days=number % 40, minutes=number)
        heavy = number % 2 == 0
        delivered = ordered + timedelta(days=2 if heavy else 4)
        rows.append(shipment(number, ordered, weight_g=1000.0 if heavy else 100.0, delivered_at=delivered))
    return history_of(rows)


@pytest.fixture(scope="module")
def assembled(history):
    return training_table(history)


@pytest.fixture(scope="module")
def model(history, assembled):
    return fit_hazard(assembled, Outcomes(history.lead_days, np.full(len(history), HORIZON)), QUICK)


def median_days(model, assembled):
    return (model.cdf(assembled, np.zeros(len(assembled.orders))) < 0.5).sum(axis=1)


def test_it_learns_what_makes_parcels_slow(history, assembled, model):
    late = np.arange(200, 400)
    found = median_days(model, assembled.take(late))
    assert (found[assembled.orders.weight_g[late] == 1000.0] == 2).mean() > 0.9
    assert (found[assembled.orders.weight_g[late] == 100.0] == 4).mean() > 0.9


def test_each_order_is_forecast_by_itself(assembled, model):
    everything = model.cdf(assembled, np.zeros(400))
    alone = model.cdf(assembled.take(np.array([123])), np.zeros(1))
    assert np.array_equal(everything[123], alone[0])


def test_an_order_is_asked_for_its_age_once_on_each_day(assembled, model, monkeypatch):
    asked = []
    monkeypatch.setattr(OpenDays, "age", lambda *given, age=OpenDays.age: asked.append(given) or age(*given))
    one = assembled.take(np.array([300]))
    model.log_odds(one, model.known_columns(one), np.zeros(5, dtype=np.intp), np.arange(5))
    assert len(asked) == 1


def test_a_shift_of_log_odds_makes_all_dates_earlier(assembled, model):
    one = assembled.take(np.array([300]))
    plain, faster = model.cdf(one, np.zeros(1)), model.cdf(one, np.ones(1))
    assert (faster >= plain).all()
    assert faster.sum() > plain.sum() + 0.1


def test_a_shift_can_also_be_added_afterwards(assembled, model):
    shift = np.linspace(-1.0, 1.0, 400)
    afterwards = shifted(model.cdf(assembled, np.zeros(400)), shift)
    assert afterwards == pytest.approx(model.cdf(assembled, shift), abs=2 * NEGLIGIBLE)


def test_parcels_still_on_the_way_do_not_bias_it_towards_fast_ones(history, assembled):
    """At an as-of of which only the fast half of the last days' parcels is known."""
    as_of = int(history.orders.known_day.max()) + 1
    is_known = history.delivered_known < as_of
    lead = np.where(is_known, history.lead_days, -1)
    seen = as_of - 1 - history.orders.ordered_on
    last = np.flatnonzero(history.orders.known_day >= as_of - 4)
    assert not is_known[last].all()
    light = last[assembled.orders.weight_g[last] == 100.0]
    model = fit_hazard(assembled, Outcomes(lead, seen), QUICK)
    assert (median_days(model, assembled.take(light)) == 4).all()


def test_the_same_seed_gives_the_same_model(history, assembled, model):
    again = fit_hazard(assembled, Outcomes(history.lead_days, np.full(len(history), HORIZON)), QUICK)
    other = fit_hazard(assembled, Outcomes(history.lead_days, np.full(len(history), HORIZON)), replace(QUICK, seed=7))
    texts = [[one.boosters[name].model_to_string() for name in BOOSTERS] for one in (model, again, other)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_without_a_known_delivery_there_is_nothing_to_learn(assembled):
    with pytest.raises(InputError, match="no delivery is known"):
        fit_hazard(assembled, Outcomes(np.full(400, -1), np.full(400, 3)), QUICK)


def test_a_booster_of_other_columns_is_refused():
    data = lightgbm.Dataset(np.arange(40.0)[:, None], np.arange(40) % 2, feature_name=["moon"], params={"verbose": -1})
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 1)
    with pytest.raises(ArtefactError, match="train again"):
        HazardModel(dict.fromkeys(BOOSTERS, booster), {})
