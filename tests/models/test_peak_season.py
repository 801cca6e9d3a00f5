"""What a peak season does is learned from two of them, and not from one."""

from datetime import timedelta

import numpy as np
import pytest

from features.orders import epoch_day
from models.quantiles import QuantileParameters, fit_quantiles
from models.training import TrainParameters, fit, outcomes
from tests.features.oracles import in_peak_season
from tests.features.worlds import history_of, instant, shipment, training_table

PEAK = ("dispatch_in_peak", "day_in_peak")
QUICK = TrainParameters(rounds=20, learning_rate=0.2, leaves=8, smallest_leaf=20, calibration_days=30)


def winters(*years: int):
    """Return orders of November to January, four a day: in the peak season they take six days, else two."""
    rows = []
    for year in years:
        for number in range(360):
            ordered = instant(f"{year}-11-01 08:00") + timedelta(days=number // 4, minutes=number % 4)
            lead = 6 if in_peak_season(ordered.date()) else 2
            told = {"delivered_at": ordered + timedelta(days=lead), "weight_g": 100.0 * (1 + number % 7)}
            rows.append(shipment(len(rows), ordered, carrier="eigenflotte", **told))
    history = history_of(rows)
    return history, training_table(history)


def gains(booster) -> float:
    told = dict(zip(booster.feature_name(), booster.feature_importance("gain"), strict=True))
    return sum(told.get(name, 0.0) for name in PEAK)


@pytest.mark.parametrize(("years", "learns"), [((2026,), False), ((2025, 2026), True)])
def test_no_booster_looks_at_a_season_that_was_seen_once(years, learns):
    history, table = winters(*years)
    as_of = int(history.orders.known_day.max()) + 30
    model = fit(history, table, as_of, QUICK).model
    known = outcomes(history, np.arange(len(history)), as_of)
    challenger = fit_quantiles(table, known, QuantileParameters(rounds=20, smallest_leaf=20, rarest_category=1))
    found = [*model.boosters.values(), *challenger._boosters.values()]
    assert any(gains(booster) > 0 for booster in found) == learns
    assert table.calendar.peak(np.array([epoch_day(instant("2026-12-01 00:00").date())])).tolist() == [1.0]
