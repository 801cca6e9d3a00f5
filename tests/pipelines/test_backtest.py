import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.assembly import column_names
from features.landmarks import LIVING_COLUMNS
from features.network import network_of
from models.living.training import LivingParameters
from models.training import TrainParameters
from parcelcast.calendar import local_date
from parcelcast.distribution import DeliveryDistribution
from parcelcast.errors import InputError
from parcelcast.place import PlaceIndex
from parcelcast.promise import PromisePolicy
from pipelines.backtest import Window, backtest, backtest_tables
from pipelines.ingest.storage import STORED, conformed
from pipelines.predictions import SCHEMA
from pipelines.reporting import report_page
from pipelines.scoreboard import scores_text
from pipelines.simulator.library import small_world

QUICK = TrainParameters(rounds=15, learning_rate=0.15, calibration_days=15)
ON_THE_WAY = LivingParameters(rounds=15, learning_rate=0.15, landmarks=5000, calibration_days=15)
WINDOW = Window(date(2026, 2, 10), date(2026, 2, 17))
NAMES = ("model", "quantile_challenger", "lane_history", "carrier_quote", "incumbent")


@pytest.fixture(scope="module")
def tables():
    world = small_world(11, shipments=4000, days=60)
    return {name: conformed(world[name].to_pandas(), STORED[name]) for name in ("shipments", "origins", "carriers")}


@pytest.fixture(scope="module")
def results(tables, tmp_path_factory):
    out = tmp_path_factory.mktemp("backtest")
    backtest_tables(tables, WINDOW, out, QUICK, on_the_way=ON_THE_WAY)
    return out


@pytest.fixture(scope="module")
def metrics(results):
    return json.loads((results / "metrics.json").read_text())


@pytest.fixture(scope="module")
def told(results):
    return pq.read_table(results / "predictions.parquet").to_pandas()


@pytest.fixture(scope="module")
def predictions(told):
    """The forecasts at order time."""
    return told[told["stage"] == "order"].reset_index(drop=True)


@pytest.fixture(scope="module")
def facts(tables, predictions):
    """The shipments of the predictions, in their order, with place and days from the order to delivery."""
    index = PlaceIndex.default()
    found = tables["shipments"].set_index("shipment_id").loc[predictions["shipment_id"]].reset_index()
    pairs = zip(found["destination_country"], found["destination_postal_code"], strict=True)
    found["place"] = [index.find(country, None if pd.isna(code) else code) for country, code in pairs]
    found["ordered_on"] = [
        local_date(at, place.time_zone) for at, place in zip(found["ordered_at"], found["place"], strict=True)
    ]
    found["lead"] = [
        None if pd.isna(at) else (local_date(at, place.time_zone) - on).days
        for at, place, on in zip(found["delivered_at"], found["place"], found["ordered_on"], strict=True)
    ]
    return found


def test_every_order_of_the_window_is_forecast_once(tables, predictions):
    index = PlaceIndex.default()
    expected = []
    for row in tables["shipments"].itertuples():
        place = index.find(
            row.destination_country, None if pd.isna(row.destination_postal_code) else row.destination_postal_code
        )
        is_ours = WINDOW.start <= local_date(row.ordered_at, place.time_zone) < WINDOW.end
        if is_ours and row.is_return is not True:
            expected.append(row.shipment_id)
    assert sorted(predictions["shipment_id"]) == sorted(expected)


def test_parcels_that_never_came_are_forecast_too(facts, metrics):
    never = facts["lead"].isna().sum()
    assert metrics["orders"] == len(facts)
    assert metrics["undelivered"] == never > 0


def test_predictions_have_the_columns_that_other_programs_read(results):
    assert pq.read_schema(results / "predictions.parquet").equals(SCHEMA)


def test_each_prediction_is_told_from_its_own_order(predictions, facts):
    assert (predictions["step_hours"] == 24).all()
    assert predictions["anchor"].tolist() == facts["ordered_on"].tolist()
    assert predictions["as_of"].tolist() == facts["ordered_at"].tolist()


def test_orders_that_were_handed_over_are_forecast_again_from_that_instant(tables, told, predictions):
    handover = told[told["stage"] == "handover"].set_index("shipment_id")
    shipments = tables["shipments"].set_index("shipment_id")
    recorded = shipments["dispatched_recorded_at"].fillna(shipments["dispatched_at"]).dropna()
    assert set(handover.index) == set(predictions["shipment_id"]) & set(recorded.index)
    assert handover["as_of"].tolist() == recorded.loc[handover.index].tolist()
    index = PlaceIndex.default()
    for shipment_id, row in handover.head(60).iterrows():
        fact = shipments.loc[shipment_id]
        place = index.find(fact["destination_country"], fact["destination_postal_code"])
        assert row["anchor"] == local_date(row["as_of"], place.time_zone)
        if row["incumbent_promised_on"] is not None:
            distribution = DeliveryDistribution.from_cdf(row["anchor"], np.array(row["cdf"]))
            assert row["delay_risk"] == pytest.approx(distribution.probability_after(row["incumbent_promised_on"]))


def test_stages_are_scored_on_the_same_delivered_parcels(told, tables, metrics):
    handover = told[told["stage"] == "handover"].set_index("shipment_id")
    shipments = tables["shipments"].set_index("shipment_id").loc[handover.index]
    index, errors = PlaceIndex.default(), []
    for (_, row), (_, fact) in zip(handover.iterrows(), shipments.iterrows(), strict=True):
        if pd.isna(fact["delivered_at"]):
            continue
        place = index.find(fact["destination_country"], fact["destination_postal_code"])
        days = int((np.array(row["cdf"]) < 0.5 - 1e-12).sum())
        errors.append(abs((row["anchor"] - local_date(fact["delivered_at"], place.time_zone)).days + days))
    assert metrics["stages"]["order"]["parcels"] == metrics["stages"]["handover"]["parcels"] == len(errors)
    assert metrics["stages"]["handover"]["mae_median_days"] == pytest.approx(np.mean(errors))


def test_cdfs_never_fall(predictions):
    cdf = np.stack(predictions["cdf"])
    assert cdf.shape[1] == 91
    assert (np.diff(cdf, axis=1) >= -1e-12).all()
    assert cdf.min() >= 0.0
    assert cdf.max() <= 1.0


def test_promises_are_those_of_the_default_policy(tables, predictions, facts):
    carriers = network_of(tables, PlaceIndex.default()).carriers
    for told, fact in zip(predictions[:60].itertuples(), facts[:60].itertuples(), strict=True):
        distribution = DeliveryDistribution.from_cdf(told.anchor, np.array(told.cdf))
        calendar = carriers[fact.carrier].delivery_calendar(fact.place)
        leaves_on = max(fact.planned_dispatch_on.date(), fact.ordered_on)
        assert told.promised_on == PromisePolicy().promised(distribution, calendar, leaves_on)


def test_delay_risk_is_the_chance_to_come_after_the_shops_promise(predictions, facts):
    for told, fact in zip(predictions.itertuples(), facts.itertuples(), strict=True):
        if pd.isna(fact.promised_on):
            assert told.incumbent_promised_on is None
            assert np.isnan(told.delay_risk)
        else:
            assert told.incumbent_promised_on == fact.promised_on.date()
            distribution = DeliveryDistribution.from_cdf(told.anchor, np.array(told.cdf))
            assert told.delay_risk == pytest.approx(distribution.probability_after(fact.promised_on.date()))


def test_metrics_can_be_worked_out_again_from_the_predictions(predictions, facts, metrics):
    crps, late, covered = [], [], []
    for told, fact in zip(predictions.itertuples(), facts.itertuples(), strict=True):
        if pd.isna(fact.lead):
            continue
        delivered_on = fact.ordered_on + timedelta(days=max(int(fact.lead), 0))
        distribution = DeliveryDistribution.from_cdf(told.anchor, np.array(told.cdf))
        crps.append(distribution.crps(delivered_on))
        if told.promised_on is not None:
            late.append(delivered_on > told.promised_on)
        low, high = distribution.quantile(0.05), distribution.quantile(0.95)
        covered.append(low <= delivered_on and (high is None or delivered_on <= high))
    model = metrics["overall"]["model"]
    assert model["crps_days"] == pytest.approx(np.mean(crps))
    assert model["late_share_at_90"] == pytest.approx(np.mean(late))
    assert model["coverage_90"] == pytest.approx(np.mean(covered))


def test_everybody_is_compared_overall_by_month_and_by_evidence(metrics):
    assert tuple(metrics["overall"]) == NAMES
    assert list(metrics["by_month"]) == ["2026-02"]
    assert list(metrics["by_evidence"]) == ["0", "1-4", "5-19", "20+"]
    bins = [part["model"]["parcels"] for part in metrics["by_evidence"].values()]
    assert sum(bins) == metrics["delivered"] == metrics["overall"]["model"]["parcels"]


def test_even_a_quick_model_beats_its_plain_baselines(metrics):
    crps = {name: figures["crps_days"] for name, figures in metrics["overall"].items()}
    assert crps["model"] < min(crps["carrier_quote"], crps["incumbent"])


def test_the_report_needs_nothing_but_itself(results):
    page = (results / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 5
    assert "http" not in page
    assert "<td>handover</td>" in page
    for name in ("reliability", "pit", "crps", "coverage_by_month", "promises"):
        assert (results / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_report_says_when_the_weather_was_observed_not_forecast(metrics):
    told = {"source": "meteostat", "forecast": "observed_as_forecast", "optimistic": True}
    words = "The weather was observed, not forecast (observed_as_forecast)"

    assert words in report_page({**metrics, "weather": told}, {})
    assert words not in report_page({**metrics, "weather": told | {"optimistic": False}}, {})
    assert words not in report_page(metrics, {})


def test_the_page_of_features_tells_of_parcels_on_their_way_too(results):
    at_order, on_the_way = (results / "features.md").read_text().split("## All columns, of parcels on their way")
    rows = [line.split("|")[1:-1] for line in on_the_way.splitlines() if line.startswith("| `")]
    gains = {name.strip(" `"): float(gain.strip(" %")) for name, _, gain in rows}

    assert list(gains) == column_names(LIVING_COLUMNS)
    assert sum(gains.values()) == pytest.approx(100.0, abs=1.0)
    assert gains["stage"] + gains["now_hour"] + gains["lane_share_by_now"] > 0.0
    assert "| Gain, second opinion |" in at_order


def test_the_terminal_shows_everybody(metrics):
    shown = scores_text(metrics)
    assert f"{metrics['overall']['model']['crps_days']:.3f}" in shown
    assert "the shop's own promise" in shown


def as_known(shipments, instant):
    """Return the shipments with nothing in them that was recorded at or after an instant."""
    known = shipments.copy()
    for event in ("dispatched", "delivered"):
        hidden = known[f"{event}_recorded_at"].fillna(known[f"{event}_at"]) >= instant
        known.loc[hidden, [f"{event}_at", f"{event}_recorded_at"]] = pd.NaT
    known["ready_at"] = known["ready_at"].mask(known["ready_at"] >= instant)
    known["ended_at"] = known["ended_at"].mask(known["ended_at"] >= instant)
    is_open = known["delivered_at"].isna() & known["ended_at"].isna()
    known.loc[is_open, "status"] = known["dispatched_at"].isna().map({True: "ordered", False: "dispatched"})[is_open]
    return known


def test_nothing_recorded_after_the_first_day_changes_its_forecasts(tables, predictions, tmp_path):
    """The window's first UTC day, from the tables as they stood when it began."""
    instant = datetime(2026, 2, 10, tzinfo=UTC)
    tables = {**tables, "shipments": as_known(tables["shipments"], instant)}
    backtest_tables(tables, WINDOW, tmp_path, QUICK, on_the_way=ON_THE_WAY)
    first_day = (predictions["as_of"] >= instant) & (predictions["as_of"] < instant + timedelta(days=1))
    assert first_day.sum() > 20
    again = pq.read_table(tmp_path / "predictions.parquet").to_pandas()
    again = again[again["stage"] == "order"].set_index("shipment_id")
    for told in predictions[first_day].itertuples():
        assert told.cdf.tolist() == again.loc[told.shipment_id, "cdf"].tolist()


def test_a_window_without_orders_is_refused(tables, tmp_path):
    with pytest.raises(InputError, match="no order was placed from 2031-01-01"):
        backtest_tables(tables, Window(date(2031, 1, 1), date(2031, 2, 1)), tmp_path, QUICK)


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(InputError, match="expected it to end after it starts"):
        Window(date(2026, 2, 10), date(2026, 2, 10))


def test_real_orders_from_their_export_to_a_report(olist, tmp_path):
    quick = TrainParameters(rounds=10, learning_rate=0.2)
    window, said = Window(date(2017, 7, 1), date(2017, 8, 1)), []
    metrics = backtest("olist", olist, None, window, tmp_path, quick, on_the_way=ON_THE_WAY, say=said.append)
    assert "olist_orders_dataset.csv.gz 19,964" in said[0]
    assert str(tmp_path / "data_docs" / "index.html") in said[1]
    assert (tmp_path / "data_docs" / "index.html").is_file()
    overall = metrics["overall"]
    assert set(overall) == {"model", "quantile_challenger", "lane_history", "incumbent"}  # no carrier, no quote
    assert overall["model"]["crps_days"] < overall["incumbent"]["crps_days"] / 2
    stages = pq.read_table(tmp_path / "predictions.parquet")["stage"].to_pylist()
    assert stages.count("order") == metrics["orders"] > 100
    assert stages.count("handover") >= metrics["stages"]["handover"]["parcels"] > 100
    at_order, handover = (metrics["stages"][stage] for stage in ("order", "handover"))
    assert at_order["parcels"] == handover["parcels"]
    assert handover["mae_median_days"] < at_order["mae_median_days"]
