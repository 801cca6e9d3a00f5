"""The perfect forecaster, told as predictions, is as good as itself; a forecaster one day off is not."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parcelcast.errors import InputError
from pipelines.perfection import compare, comparison_text, window_days
from pipelines.simulator.forks import perfect_forecast, world_at
from pipelines.simulator.library import record, small_config
from pipelines.simulator.world import build_world

DAY = date(2026, 1, 20)
CONFIG = small_config(seed=3, shipments=3000)


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    path = tmp_path_factory.mktemp("truth") / "truth.parquet"
    pq.write_table(record(build_world(CONFIG)).tables["truth"], path)
    return path


def _written(folder, late=0):
    """The perfect forecaster's own words for the orders of the day, so many days too late."""
    perfect = perfect_forecast(world_at(CONFIG, DAY), replicas=40, seed=9)
    today = np.flatnonzero(perfect.ordered_today)
    cdf = np.cumsum(perfect.pmf()[today], axis=1)
    cdf = np.concatenate([np.zeros((len(today), late)), cdf], axis=1)[:, :91]
    ids = [perfect.shipment_id[place] for place in today]
    table = pa.table({"shipment_id": ids, "anchor": [DAY] * len(ids), "cdf": cdf.tolist()})
    path = folder / f"late-{late}.parquet"
    pq.write_table(table, path)
    return path


def test_another_perfect_forecaster_scores_about_the_same(tmp_path, truth):
    (result,) = compare(_written(tmp_path), truth, CONFIG, [DAY], 40)
    assert result.parcels >= 20
    assert result.model == pytest.approx(result.perfect, rel=0.15)


def test_a_forecaster_one_day_late_is_clearly_worse(tmp_path, truth):
    (result,) = compare(_written(tmp_path, late=1), truth, CONFIG, [DAY], 40)
    assert result.model > 1.3 * result.perfect
    assert f"{result.model / result.perfect:.3f}" in comparison_text([result])


def test_a_day_without_forecasts_is_refused_with_the_day(tmp_path, truth):
    with pytest.raises(InputError, match="2026-01-21"):
        compare(_written(tmp_path), truth, CONFIG, [date(2026, 1, 21)], 5)


def test_days_are_spread_over_the_window(tmp_path):
    path = tmp_path / "predictions.parquet"
    pq.write_table(pa.table({"anchor": [date(2026, 1, day) for day in range(1, 12)]}), path)
    assert window_days(path, 3) == [date(2026, 1, 1), date(2026, 1, 6), date(2026, 1, 11)]


def test_a_week_of_days_has_all_weekdays_though_the_window_is_whole_weeks(tmp_path):
    path = tmp_path / "predictions.parquet"
    window = [date(2026, 9, 6) + timedelta(days=number) for number in range(42)]
    pq.write_table(pa.table({"anchor": window * 2}), path)
    days = window_days(path, 7)
    assert {day.weekday() for day in days} == set(range(7))
    assert days == [window[number] for number in (2, 8, 14, 20, 26, 32, 38)]
    assert len(window_days(path, 42)) == len(set(window_days(path, 50))) == 42
    assert window_days(path, 1) == [window[20]]
