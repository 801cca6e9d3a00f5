import lightgbm
import numpy as np

from models.boosting import BoosterParameters, grow_together

PARAMETERS = BoosterParameters(rounds=8, learning_rate=0.3, leaves=7, smallest_leaf=20, column_share=0.7, row_share=0.7)


def test_boosters_grown_side_by_side_are_those_grown_one_after_the_other():
    random = np.random.default_rng(1)
    seen = random.normal(size=(3000, 8))
    came = (seen[:, 1] + seen[:, 4] * (seen[:, 2] > 0) + random.normal(size=3000) > 0).astype(float)
    data = lightgbm.Dataset(seen, came)
    starts = [np.zeros(3000), random.normal(size=3000)]
    settings = [PARAMETERS.settings("binary") | {"seed": seed} for seed in range(2)]
    alone, together, heard = [], [], []
    for start, setting in zip(starts, settings, strict=True):
        data.set_init_score(start)
        alone.append(lightgbm.train(setting, data, PARAMETERS.rounds))
        together.append(lightgbm.Booster(setting, data))

    grow_together(together, PARAMETERS.rounds, heard.append)

    for one, other in zip(together, alone, strict=True):
        assert one.dump_model()["tree_info"] == other.dump_model()["tree_info"]
    assert not np.array_equal(together[0].predict(seen), together[1].predict(seen))
    assert heard == [done / 8 for done in range(8)]
