import numpy as np
import pytest

from models.evaluation import (
    CHALLENGER,
    INCUMBENT,
    LANE_HISTORY,
    MODEL,
    SERVICE_LEVELS,
    Evaluation,
    Forecasts,
    scores_of,
)
from models.hazard import HORIZON
from models.scorecard import scorecard
from tests.features.worlds import day

LEAD = np.array([2, 4, -1, 6])
CERTAIN = (np.arange(HORIZON + 1) >= 4).astype(float)  # day 4, says the model of every order
FOUR = np.full(4, 4)


def forecasts(of, promised):
    return Forecasts(np.array(of), np.repeat(CERTAIN[None], len(of), axis=0), dict.fromkeys(SERVICE_LEVELS, promised))


@pytest.fixture
def evaluation():
    """Four orders, one without a delivery; the shop promised a date for the last two only."""
    return Evaluation(
        rows=np.arange(4),
        ordered_on=np.array([day("2026-04-29"), day("2026-04-30"), day("2026-05-01"), day("2026-05-02")]),
        lead_days=LEAD,
        lane_parcels=np.array([0.0, 4.0, 5.0, 300.0]),
        forecasts={MODEL: forecasts(range(4), FOUR), INCUMBENT: forecasts([2, 3], np.array([4, 5]))},
    )


def test_parcels_without_a_delivery_are_counted_and_not_scored(evaluation):
    card = scorecard(evaluation)
    assert (card["orders"], card["delivered"], card["undelivered"]) == (4, 3, 1)
    assert card["overall"][MODEL]["parcels"] == 3
    assert card["overall"][MODEL]["crps_days"] == pytest.approx((2 + 0 + 2) / 3)


def test_each_month_of_the_order_has_its_figures(evaluation):
    months = scorecard(evaluation)["by_month"]
    assert {name: part[MODEL]["crps_days"] for name, part in months.items()} == {"2026-04": 1.0, "2026-05": 2.0}


def test_evidence_is_counted_on_the_lane_itself(evaluation):
    bins = scorecard(evaluation)["by_evidence"]
    assert {name: part[MODEL]["parcels"] for name, part in bins.items()} == {"0": 1, "1-4": 1, "5-19": 0, "20+": 1}


def test_promises_are_judged_at_each_level(evaluation):
    model = scorecard(evaluation)["overall"][MODEL]
    for level in (80, 90, 95):
        assert model[f"late_share_at_{level}"] == pytest.approx(1 / 3)
        assert model[f"mean_lead_days_at_{level}"] == 4.0
        assert model[f"unpromised_at_{level}"] == 0


def test_the_shops_promise_is_judged_as_it_was_made_beside_the_model_on_the_same_parcels(evaluation):
    incumbent = scorecard(evaluation)["overall"][INCUMBENT]
    assert (incumbent["parcels"], incumbent["late_share"], incumbent["mean_lead_days"]) == (1, 1.0, 5.0)
    assert incumbent["model_crps_days"] == 2.0


def test_checks_get_the_scores_of_delivered_parcels(evaluation):
    scores = scores_of(evaluation, MODEL)
    assert scores.parcels == 3
    assert scores.crps == pytest.approx(4 / 3)
    assert scores.coverage[0.9] == pytest.approx(1 / 3)
    assert sum(scores.pit) == pytest.approx(1.0)
    assert scores_of(evaluation, LANE_HISTORY) is None
    assert scores_of(evaluation, CHALLENGER) is None
