from datetime import timedelta

import lightgbm
import numpy as np
import pytest

from features.assembly import ALL_COLUMNS, DAY_COLUMNS, Assembled, column_names
from features.catalogue import measured_catalogue
from models.blend import Blend
from models.hazard import HazardModel, HazardParameters, Outcomes, fit_hazard
from models.location import LocationModel
from models.worth import column_worth
from tests.features.worlds import history_of, instant, shipment, training_table


@pytest.fixture(scope="module")
def learned() -> tuple[Assembled, HazardModel]:
    """A model of parcels of which the heavy ones take longer."""
    rows = [
        shipment(
            number,
            instant("2026-02-02 09:00") + timedelta(days=number // 10),
            quoted_transit_days=None if number % 4 else 2.0,
            weight_g=500.0 + 100.0 * (number % 2),
        )
        for number in range(200)
    ]
    table = training_table(history_of(rows))
    slow = np.array([int(row["weight_g"] > 500.0) for row in rows])
    seen = np.full(200, 30)
    model = fit_hazard(table, Outcomes(3 + 4 * slow, seen), HazardParameters(rounds=10, smallest_leaf=10))
    return table, model


def test_worth_is_the_empty_share_and_the_share_of_the_gain(learned):
    table, model = learned
    worth = column_worth(Blend(model), table)
    assert list(worth) == column_names(ALL_COLUMNS)
    assert sum(one.gain for one in worth.values()) == pytest.approx(1.0)
    assert worth["weight_g"].gain > worth["order_hour"].gain
    assert worth["weight_g"].empty == 0.0
    assert worth["quoted_transit_days"].empty == 0.75
    assert worth["depot_pace_3d"].empty == 1.0
    assert "| 75.0% |" in measured_catalogue(worth)
    assert {one.second_gain for one in worth.values()} == {None}


def test_the_second_opinion_has_a_gain_of_its_own_but_none_of_days(learned):
    table, model = learned
    columns = column_names(table.parcel_columns())
    values = np.random.default_rng(0).normal(size=(300, len(columns)))
    by_weight = lightgbm.Dataset(values, values[:, columns.index("weight_g")], feature_name=columns)
    booster = lightgbm.train({"verbose": -1, "num_threads": 1}, by_weight, 3)
    worth = column_worth(Blend(model, LocationModel(booster, model.codes, np.zeros(1)), 0.5), table)
    gains = {name: one.second_gain for name, one in worth.items()}
    assert max(columns, key=gains.__getitem__) == "weight_g"
    assert sum(gains[name] for name in columns) == pytest.approx(1.0)
    assert {gains[name] for name in column_names(DAY_COLUMNS)} == {None}
    line = next(line for line in measured_catalogue(worth).splitlines() if line.startswith("| `weight_g`"))
    assert line.endswith(f"| {worth['weight_g'].gain:.2%} | {gains['weight_g']:.2%} |")
