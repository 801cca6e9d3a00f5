from datetime import timedelta

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.assembly import known_codes
from models.hazard import HORIZON, Outcomes
from models.location import ERROR_DAYS, LocationModel, fit_location
from models.training import TrainParameters, outcomes, train
from parcelcast.errors import ArtefactError
from tests.features.worlds import history_of, instant, shipment, training_table

FIRST = instant("2026-02-02 09:00")  # a Monday
DAYS = 150


@pytest.fixture(scope="module")
def history():
    """Ten orders a day; what weighs a kilogram takes two days, what weighs a hundred grams six."""
    rows = []
    for number in range(10 * DAYS):
        ordered = FIRST + timedelta(days=number % DAYS, minutes=number)
        heavy = number % 2 == 0
        delivered = ordered + timedelta(days=2 if heavy else 6)
        rows.append(
            shipment(number, ordered, carrier="kranich", weight_g=1000.0 if heavy else 100.0, delivered_at=delivered)
        )
    return history_of(rows)


@pytest.fixture(scope="module")
def assembled(history):
    return training_table(history)


def fitted(history, assembled, as_of):
    everyone = np.arange(len(history))
    placed = np.flatnonzero(history.orders.known_day < as_of)
    known, earlier = (outcomes(history, everyone[placed], day) for day in (as_of, as_of - ERROR_DAYS))
    return fit_location(assembled.take(placed), known, earlier, as_of, known_codes(assembled.categories, 1))


@pytest.fixture(scope="module")
def model(history, assembled):
    return fitted(history, assembled, int(history.orders.known_day.max()) + 1)


def median_days(model, assembled):
    return (model.cdf(assembled, np.zeros(len(assembled.orders))) < 0.5).sum(axis=1)


def test_it_learns_what_makes_parcels_slow(assembled, model):
    part = assembled.take(np.arange(len(assembled.orders) - 300, len(assembled.orders)))
    days, heavy = median_days(model, part), part.orders.weight_g == 1000.0
    assert days[heavy].mean() == pytest.approx(2.0, abs=0.6)
    assert days[~heavy].mean() == pytest.approx(6.0, abs=0.8)


def test_no_mass_lies_on_days_without_delivery(assembled, model):
    part = assembled.take(np.arange(20))
    cdf = model.cdf(part, np.zeros(20))
    mass = np.diff(np.concatenate([np.zeros((20, 1)), cdf], axis=1), axis=1)
    rows, steps = np.indices(mass.shape)
    day = part.orders.ordered_on[rows] + steps
    is_open = part.calendar.delivery.open_on(rows.ravel(), day.ravel()).reshape(mass.shape)
    closed = ~is_open & (day > part.orders.dispatch_on[rows])
    assert closed.any()
    assert np.abs(mass[closed]).max() < 1e-12


@given(st.floats(-3.0, 3.0))
def test_a_shift_is_added_to_the_log_odds_of_each_day(assembled, model, shift):
    part = assembled.take(np.array([7, 900]))
    plain, shifted = (model.cdf(part, np.full(2, by)) for by in (0.0, shift))

    def survival(cdf):
        return np.concatenate([np.ones((2, 1)), 1.0 - cdf], axis=1)

    left = survival(plain)
    hazard = 1.0 - left[:, 1:] / np.where(left[:, :-1] > 0, left[:, :-1], 1.0)
    uncertain = (hazard > 1e-9) & (hazard < 1.0 - 1e-9) & (left[:, 1:] > 1e-6)
    odds = hazard / np.where(uncertain, 1.0 - hazard, 1.0)
    moved = survival(shifted)
    got = 1.0 - moved[:, 1:] / np.where(moved[:, :-1] > 0, moved[:, :-1], 1.0)
    expected = odds * np.exp(shift) / (1.0 + odds * np.exp(shift))
    assert got[uncertain & (moved[:, 1:] > 1e-6)] == pytest.approx(
        expected[uncertain & (moved[:, 1:] > 1e-6)], abs=1e-6
    )


def test_each_order_is_forecast_by_itself(assembled, model):
    everything = model.cdf(assembled, np.zeros(len(assembled.orders)))
    assert np.array_equal(everything[123], model.cdf(assembled.take(np.array([123])), np.zeros(1))[0])
    assert everything.shape == (len(assembled.orders), HORIZON + 1)


def test_what_was_recorded_later_changes_nothing(history, assembled):
    as_of = int(history.orders.known_day.max()) - 20
    everyone = np.arange(len(history))
    told = fitted(history, assembled, as_of)
    lead = np.where(history.delivered_known < as_of, history.lead_days, 80)  # a future that never was
    placed = everyone[history.orders.known_day < as_of]
    known = Outcomes(
        np.where(history.delivered_known < as_of, lead, -1)[placed], outcomes(history, placed, as_of).seen_days
    )
    again = fit_location(
        assembled.take(placed),
        known,
        outcomes(history, placed, as_of - ERROR_DAYS),
        as_of,
        known_codes(assembled.categories, 1),
    )
    assert again.booster.model_to_string() == told.booster.model_to_string()
    assert np.array_equal(again.errors, told.errors)


def test_a_short_history_has_no_second_opinion(history, assembled):
    as_of = int(history.orders.known_day.min()) + ERROR_DAYS
    assert fitted(history, assembled, as_of) is None


def test_a_booster_of_other_columns_is_refused():
    data = lightgbm.Dataset(np.arange(40.0)[:, None], np.arange(40.0), feature_name=["moon"], params={"verbose": -1})
    booster = lightgbm.train({"objective": "regression", "verbose": -1, "num_threads": 1}, data, 1)
    with pytest.raises(ArtefactError, match="train again"):
        LocationModel(booster, {}, np.zeros(1))


def test_a_history_whose_second_opinion_cannot_be_tried_out_gives_it_half_the_usual_share(history, assembled):
    as_of = int(history.orders.known_day.min()) + 110  # 50 days before those of calibration are too few for a twin's
    trained = train(history, assembled, as_of, TrainParameters(rounds=5))
    assert trained.model.location is not None
    assert trained.model.share == 0.25
