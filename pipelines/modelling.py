"""The stages between sound tables and a bundle: featurize, train, calibrate, evaluate, and making the bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.catalogue import measured_catalogue
from features.orders import day_of
from features.storage import read_features, write_features
from features.table import Network
from models.blend import Blend
from models.boosting import check_least
from models.bundle import Bundle
from models.bundle_writer import write_bundle
from models.evaluation import Evaluation, evaluate, orders_placed
from models.hazard import HORIZON
from models.living.model import LivingModel
from models.quantiles import QuantileParameters
from models.scorecard import scorecard
from models.training import Features, Trained, TrainParameters, recent_balance
from models.worth import column_worth
from parcelcast.alerts import AlertPolicy, FittedAlerts
from parcelcast.errors import InputError
from parcelcast.place import PlaceIndex
from parcelcast.shipment import Shipment
from parcelcast.tables import SHIPMENTS
from pipelines.alerting.windows import Past, fit_on_window
from pipelines.backtest import told_of, train_challenger, write_results
from pipelines.ingest.storage import load_table
from pipelines.living.feed import Feed, feed_of, read_scans
from pipelines.living.handover import recent_living_balance
from pipelines.preparation import Count, Counted, Prepared, counted, last_known_day, prepare
from pipelines.progress import TellShare

_SAMPLES = 5
_SAMPLED = ("carrier", "service", "item_category", "payment_method", "weight_g", "order_value", "freight_cost")


@dataclass(frozen=True)
class WindowParameters:
    """Section window of params.yaml: the orders that the model is judged on.

    The last `test_days` days of orders that are at least `settle_days` older than the newest record, so that nearly
    all of their parcels have come. Training ends where they begin.
    """

    test_days: int
    settle_days: int


@dataclass(frozen=True)
class Split:
    """Days since 1970-01-01: the test window [`start`, `end`), and `today`, of which nothing is recorded yet."""

    start: int
    end: int
    today: int


def split_of(prepared: Prepared, parameters: WindowParameters) -> Split:
    """Return the test window; InputError when the history is too short for one."""
    ordered_on = prepared.history.orders.ordered_on
    today = last_known_day(prepared.history) + 1
    end = min(int(ordered_on.max()) + 1, today - parameters.settle_days)
    start = end - parameters.test_days
    if start <= int(ordered_on.min()):
        raise InputError(
            f"the history runs from {day_of(int(ordered_on.min()))} to {day_of(today - 1)}; expected more than the "
            f"{parameters.test_days + parameters.settle_days} days of the test window: bring more, or shorten `window`"
        )
    return Split(start, end, today)


def featurize(tables: Mapping[str, pd.DataFrame], places: PlaceIndex, count: Count, out: Path, tell: TellShare) -> None:
    """Write the features of all orders, each as of its own instant."""
    prepared = prepare(tables, places, tell, count)
    tell("writing features")
    write_features(prepared.assembled, prepared.history.shipment_id, out)


def read_prepared(
    tables: Mapping[str, pd.DataFrame], places: PlaceIndex, count: Count, features: Path, tell: TellShare
) -> Prepared:
    """Return what `prepare` returned, with the features read instead of built."""
    tell("reading orders and features")
    told = counted(tables, places, count=count)
    assembled = read_features(told.history.orders, told.history.shipment_id, HORIZON, features)
    return Prepared(told.history, told.network, told.count, assembled)


def judge_on_window(
    trained: Trained,
    parameters: TrainParameters,
    prepared: Prepared,
    split: Split,
    weather: Mapping[str, Any],
    reports: Path,
    tell: TellShare,
) -> Evaluation:
    """Forecast the test window beside all baselines and write metrics, predictions, pictures and report.

    `weather` is what `pipelines.weather.told_of_weather` tells.
    """
    rows = orders_placed(prepared.history, split.start, split.end)
    challenger = train_challenger(prepared, split.start, QuantileParameters(), tell)
    tell(f"forecasting {len(rows):,} orders")
    evaluation = evaluate(trained, challenger, prepared.history, prepared.assembled, rows)
    tell("writing results")
    metrics = {
        "window": [str(day_of(split.start)), str(day_of(split.end))],
        "trained": told_of(trained, parameters),
        "weather": dict(weather),
        **scorecard(evaluation),
    }
    page = measured_catalogue(column_worth(trained.model, prepared.assembled.take(rows)))
    write_results(reports, metrics, evaluation, prepared, page)
    return evaluation


@dataclass(frozen=True)
class AlertParameters:
    """Section alerts of params.yaml: at most so many parcels of the test window tell the thresholds; 0: none do."""

    parcels: int = 1000

    def __post_init__(self) -> None:
        check_least(self, parcels=0)


def make_bundle(
    trained: Trained,
    living: LivingModel,
    prepared: Prepared,
    split: Split,
    alerts: AlertParameters,
    validated: Path,
    out: Path,
    tell: TellShare,
) -> Bundle:
    """Write the serving bundle, with the histories and the online corrections as they are known today.

    Thresholds of alerts are fitted on the test window, which the model has not seen.
    """
    today = split.today
    tell("correcting online")
    shipments = load_table(validated, SHIPMENTS)
    feed = feed_of(prepared.history, shipments, read_scans(validated))
    shifts = corrections((trained.model, living), prepared, prepared.assembled.take, feed, today)
    past = Past(prepared, shipments, feed, trained, living)
    fitted = _fitted_alerts(past, split, alerts, tell)
    tell("writing the bundle")
    network = prepared.network
    samples = samples_of(shipments, network)
    histories = prepared.sketches.snapshot(today)
    return write_bundle(out, trained, living, histories, today, shifts, network, samples, fitted)


def corrections(
    models: tuple[Blend, LivingModel], told: Counted, features: Features, feed: Feed, today: int
) -> tuple[float, float]:
    """Return the online corrections of UTC day `today`, at the order and on the way."""
    at_order, on_the_way = models
    balances = (
        recent_balance(at_order, told.history, features, today, today),
        recent_living_balance(on_the_way, told, feed, today, today),
    )
    first, second = (float(balance.shift(np.array([today]))[0]) for balance in balances)
    return first, second


def _fitted_alerts(past: Past, split: Split, alerts: AlertParameters, tell: TellShare) -> FittedAlerts:
    if alerts.parcels == 0:
        return FittedAlerts(())
    start, known_before = day_of(split.start), day_of(split.today)
    return fit_on_window(past, start, split.end - split.start, known_before, AlertPolicy(), alerts.parcels, tell)


def samples_of(shipments: pd.DataFrame, network: Network) -> list[Shipment]:
    """Return some of the last orders, for the bundle's self-test."""
    chosen = shipments.sort_values("ordered_at").tail(_SAMPLES)
    return [
        Shipment(
            ordered_at=row["ordered_at"].to_pydatetime().astimezone(UTC),
            origin=network.origins[row["origin_id"]],
            destination=network.places.find(row["destination_country"], _known(row["destination_postal_code"]) or ""),
            **{name: _known(row[name]) for name in _SAMPLED},
        )
        for row in chosen.to_dict("records")
    ]


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value
