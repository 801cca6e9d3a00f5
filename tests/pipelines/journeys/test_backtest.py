import json
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from models.journeys.hazard import HazardParameters
from models.journeys.legs import MILESTONES
from models.journeys.model import JourneyParameters
from parcelcast import cli
from parcelcast.errors import InputError
from pipelines.ingest.cargo2000 import read_cargo2000
from pipelines.journeys import backtest_journeys, journeys_text
from pipelines.journeys.predictions import EPOCH, SCHEMA

ROOT = Path(__file__).parents[3]
QUICK = JourneyParameters(HazardParameters(rounds=40, learning_rate=0.2, smallest_leaf=200, boosters=1))


@pytest.fixture(scope="module")
def cargo2000():
    datasets = Path(os.environ.get("PARCELCAST_DATASETS", ROOT.parent / "shared" / "datasets"))
    if not (datasets / "cargo2000").is_dir():
        pytest.skip(f"Cargo 2000 is not in {datasets}; set PARCELCAST_DATASETS to the folder that holds it")
    return datasets / "cargo2000"


@pytest.fixture(scope="module")
def results(cargo2000, tmp_path_factory):
    out = tmp_path_factory.mktemp("journeys")
    backtest_journeys(cargo2000, 0.7, out, QUICK)
    return out


@pytest.fixture(scope="module")
def metrics(results):
    return json.loads((results / "metrics.json").read_text())


@pytest.fixture(scope="module")
def predictions(results):
    return pq.read_table(results / "predictions.parquet")


def test_every_milestone_of_the_last_processes_is_forecast_once(cargo2000, predictions):
    source = read_cargo2000(cargo2000)
    test = source.legs.take(source.legs.process >= int(source.processes * 0.7))
    found = set(zip(predictions["shipment_id"].to_pylist(), predictions["stage"].to_pylist(), strict=True))
    seen = np.concatenate([np.ones((len(test), 1), dtype=bool), test.effective[:, :5] > 0.0], axis=1)
    assert found == {(test.leg_id[row], f"scan:{MILESTONES[number]}") for row, number in np.argwhere(seen)}
    assert len(found) == predictions.num_rows


def test_the_columns_are_those_that_other_programs_read(cargo2000, predictions):
    assert predictions.schema.equals(SCHEMA)
    table = predictions.to_pandas()
    assert set(table["step_hours"]) == {1}
    assert (table["anchor"] == table["as_of"]).all()
    cdf = np.stack(table["cdf"].to_numpy())
    assert cdf.shape[1] == 720
    assert (np.diff(cdf, axis=1) >= 0.0).all()
    legs = read_cargo2000(cargo2000).legs
    planned = dict(zip(legs.leg_id.tolist(), legs.planned_total.tolist(), strict=True))
    hours = (table["incumbent_promised_on"].dt.tz_localize(None) - EPOCH).dt.total_seconds() / 3600.0
    assert np.allclose(hours, table["shipment_id"].map(planned), atol=1e-3)


def test_the_risk_is_the_mass_after_the_planned_total(predictions):
    table = predictions.to_pandas()
    slack = (table["incumbent_promised_on"] - table["as_of"]).dt.total_seconds().to_numpy() / 3600.0
    cdf = np.stack(table["cdf"].to_numpy())
    rows = np.arange(len(cdf))
    low = 1.0 - cdf[rows, np.clip(np.ceil(slack).astype(int) - 1, 0, 719)]
    high = 1.0 - np.where(slack >= 1.0, cdf[rows, np.clip(np.floor(slack).astype(int) - 1, 0, 719)], 0.0)
    ahead = slack > 0.0
    assert (table["delay_risk"][~ahead] == 1.0).all()
    assert ((table["delay_risk"] >= low - 1e-5) & (table["delay_risk"] <= high + 1e-5))[ahead].all()


def test_real_legs_are_forecast_better_than_their_plan(metrics):
    assert metrics["mae_share_of_plan"] < 0.66
    assert metrics["average_precision"] > 0.69
    average = metrics["by_milestone"]["model"]["average"]
    assert average["coverage_90"] == pytest.approx(0.9, abs=0.03)
    assert average["crps_hours"] < metrics["by_milestone"]["milestone_history"]["average"]["crps_hours"]
    assert average["average_precision"] > 2.0 * metrics["by_milestone"]["plan"]["average"]["average_precision"]
    whole = metrics["whole_processes"]
    assert whole["mae_hours"] < whole["plan_mae_hours"]


def test_the_report_names_every_milestone(results, metrics):
    assert {path.name for path in results.iterdir()} == {
        "metrics.json",
        "predictions.parquet",
        "report.html",
        "reliability.png",
        "risk.png",
        "error_by_milestone.png",
    }
    text = journeys_text(metrics)
    assert all(f"scan:{milestone}" in text for milestone in MILESTONES)


@pytest.mark.parametrize("share", [0.0, 1.0, -2.0, float("nan")])
def test_a_share_that_leaves_nothing_is_refused(tmp_path, share):
    with pytest.raises(InputError, match="between 0 and 1"):
        backtest_journeys(tmp_path, share, tmp_path, QUICK)


def test_other_sources_still_need_a_window(tmp_path, capsys):
    assert cli.main(["backtest", "--source", "olist", "--data", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert "--test-from" in capsys.readouterr().err
