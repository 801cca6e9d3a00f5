"""The perfect forecaster, told as predictions, is as good as itself; a forecaster one day off is not."""

from datetime import date

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
