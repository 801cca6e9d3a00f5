import lightgbm
import numpy as np
import pytest

from models.boosting import BoosterParameters, grow_together
from models.hazard import HazardParameters
from models.training import TrainParameters
from parcelcast.errors import InputError

SOUND = {"rounds": 1, "learning_rate": 0.1, "leaves": 2, "smallest_leaf": 1, "column_share": 1.0, "row_share": 1.0}
PARAMETERS = BoosterParameters(rounds=8, learning_rate=0.3, leaves=7, smallest_leaf=20, column_share=0.7, row_share=0.7)

ROWS = 210_000  # of more than 200,000 LightGBM looks at some only to make bins


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


def test_boosters_grown_side_by_side_are_those_grown_one_after_the_other():
    random = np.random.default_rng(1)
    seen = random.normal(size=(ROWS, 8))
    came = (seen[:, 1] + seen[:, 4] * (seen[:, 2] > 0) + random.normal(size=ROWS) > 0).astype(float)
    starts = [np.zeros(ROWS), random.normal(size=ROWS)]
    settings = [PARAMETERS.settings("binary") | {"seed": seed} for seed in range(2)]
    alone, together, heard = [], [], []
    data = lightgbm.Dataset(seen, came)
    for start, setting in zip(starts, settings, strict=True):
        data.set_init_score(start)
        alone.append(lightgbm.train(setting, data, PARAMETERS.rounds))
    data = lightgbm.Dataset(seen, came, params=settings[0])
    for start, setting in zip(starts, settings, strict=True):
        data.set_init_score(start)
        together.append(lightgbm.Booster(setting, data))

    grow_together(together, PARAMETERS.rounds, heard.append)

    for one, other in zip(together, alone, strict=True):
        assert one.dump_model()["tree_info"] == other.dump_model()["tree_info"]
    assert heard == [done / 8 for done in range(9)]
    assert "[num_iterations: 8]" in together[0].model_to_string()


def test_threads_are_as_silent_as_the_one_that_made_the_boosters(capfd):
    came = np.arange(300) % 3 == 0
    settings = PARAMETERS.settings("binary")
    grow_together([lightgbm.Booster(settings, lightgbm.Dataset(came[:, None], came, params=settings))], 3)
    assert capfd.readouterr() == ("", "")
