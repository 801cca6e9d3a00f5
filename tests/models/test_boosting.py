import lightgbm
import numpy as np

from models.boosting import BoosterParameters, grow_together

PARAMETERS = BoosterParameters(rounds=8, learning_rate=0.3, leaves=7, smallest_leaf=20, column_share=0.7, row_share=0.7)

ROWS = 210_000  # of more than 200,000 LightGBM looks at some only to make bins


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
    assert not np.array_equal(together[0].predict(seen), together[1].predict(seen))
    assert heard == [done / 8 for done in range(8)]
