import pytest

from models.boosting import BoosterParameters
from models.hazard import HazardParameters
from models.training import TrainParameters
from parcelcast.errors import InputError

SOUND = {"rounds": 1, "learning_rate": 0.1, "leaves": 2, "smallest_leaf": 1, "column_share": 1.0, "row_share": 1.0}


def test_the_least_of_everything_is_taken():
    assert BoosterParameters(**SOUND, bins=2).settings("binary")["num_leaves"] == 2


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"rounds": 0}, "rounds is 0; expected 1 or more"),
        ({"leaves": 1}, "leaves is 1; expected 2 or more"),
        ({"smallest_leaf": 0}, "smallest_leaf is 0; expected 1 or more"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; expected more than 0$"),
        ({"column_share": 1.5}, "column_share is 1.5; expected more than 0 and at most 1"),
        ({"row_share": float("nan")}, "row_share is nan; expected more than 0 and at most 1"),
        ({"l2": -1.0}, "l2 is -1.0; expected 0 or more"),
        ({"bins": 1}, "bins is 1; expected 2 or more"),
    ],
)
def test_what_no_booster_can_be_fitted_with_is_refused(given, complaint):
    with pytest.raises(InputError, match=complaint):
        BoosterParameters(**{**SOUND, **given})


@pytest.mark.parametrize("name", ["half_life_days", "rarest_category", "seed"])
def test_less_than_nothing_is_refused(name):
    assert getattr(HazardParameters(**{name: 0}), name) == 0
    with pytest.raises(InputError, match=f"{name} is -1; expected 0 or more"):
        HazardParameters(**{name: -1})


@pytest.mark.parametrize("name", ["calibration_days", "most_orders"])
def test_training_needs_orders_to_learn_from_and_days_to_calibrate_on(name):
    with pytest.raises(InputError, match=f"{name} is 0; expected 1 or more"):
        TrainParameters(**{name: 0})
