from datetime import timedelta

import numpy as np
import pytest

from features.assembly import ALL_COLUMNS, column_names
from features.catalogue import catalogue
from models.hazard import HazardParameters, Outcomes, fit_hazard
from models.worth import column_worth
from tests.features.worlds import history_of, instant, shipment, training_table


def test_worth_is_the_empty_share_and_the_share_of_the_gain():
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
    worth = column_worth(model, table)
    assert list(worth) == column_names(ALL_COLUMNS)
    assert sum(one.gain for one in worth.values()) == pytest.approx(1.0)
    assert worth["weight_g"].gain > worth["order_hour"].gain
    assert worth["weight_g"].empty == 0.0
    assert worth["quoted_transit_days"].empty == 0.75
    assert worth["depot_pace_3d"].empty == 1.0
    assert "| 75.0% |" in catalogue(worth)
