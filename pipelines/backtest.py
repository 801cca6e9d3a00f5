"""How good would the promises have been? Train as of a day, forecast every order of the window after it, compare."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pyarrow as pa

from features.catalogue import measured_catalogue
from features.columns import Worth
from features.orders import day_of, epoch_day
from models.blend import Blend
from models.evaluation import Evaluation, evaluate, orders_placed
from models.living.model import LivingModel
from models.living.training import LivingParameters
from models.quantiles import QuantileModel, QuantileParameters, fit_quantiles
from models.scorecard import scorecard
from models.training import Trained, TrainParameters, orders_between, outcomes, train
from models.worth import column_worth
from parcelcast.errors import InputError
from parcelcast.place import PlaceIndex
from parcelcast.tables import SCANS, SHIPMENTS
from pipelines.accounts import ingest_account, validation_account
from pipelines.ingest import ingest
from pipelines.living.feed import Feed, Rows, feed_of, read_scans
from pipelines.living.handover import forecast_handovers, stage_scores
from pipelines.living.training import sampled_landmarks, train_on_feed
from pipelines.predictions import Said, predictions_table, said_at_order, write_predictions
from pipelines.preparation import Prepared, last_known_day, prepare, read_tables
from pipelines.progress import SILENT, Tell, TellShare
from pipelines.reporting import write_report
from pipelines.validate import DOCS, validate

ON_THE_WAY = LivingParameters()
_LOOKED_AT = 2000  # instants of parcels on their way that tell how often a column is empty


@dataclass(frozen=True)
class Window:
    """Orders placed on the local days from `start` to before `end`; InputError when there is no such day."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise InputError(f"the window runs from {self.start} until {self.end}; expected it to end after it starts")


def backtest(
    source: str,
    data: Path,
    mapping: Path | None,
    window: Window,
    out: Path,
    parameters: TrainParameters,
    tell: TellShare = SILENT,
    places: PlaceIndex | None = None,
    on_the_way: LivingParameters = ON_THE_WAY,
    say: Tell = SILENT,
) -> dict[str, Any]:
    """Ingest, validate, train as of the window's first day, forecast the window, write `out`; return the metrics.

    Each order is forecast when it is placed and, if it was, when it is handed over to the carrier.

    Writes `metrics.json`, `predictions.parquet` (see `pipelines.predictions`), `report.html` and its pictures,
    `features.md`, and what validation found in `data_docs`. `say` is told what was read and what was found.
    """
    tables = sound_tables(source, data, mapping, out / DOCS, tell, say)
    return backtest_tables(tables, window, out, parameters, tell, places, on_the_way)


def sound_tables(
    source: str, data: Path, mapping: Path | None, docs: Path, tell: TellShare, say: Tell
) -> dict[str, pd.DataFrame]:
    """Ingest and validate a source, keep only the docs of it, and return the tables that `prepare` reads."""
    with TemporaryDirectory(prefix="parcelcast-") as folder:
        canonical, validated = Path(folder) / "canonical", Path(folder) / "validated"
        say(ingest_account(ingest(source, data, canonical, mapping, tell)))
        say(validation_account(validate(canonical, validated, progress=tell, docs=docs), docs))
        tables = read_tables(validated)
        scans = read_scans(validated)
        return tables if scans is None else {**tables, SCANS.name: scans}


def backtest_tables(
    tables: Mapping[str, pd.DataFrame],
    window: Window,
    out: Path,
    parameters: TrainParameters,
    tell: TellShare = SILENT,
    places: PlaceIndex | None = None,
    on_the_way: LivingParameters = ON_THE_WAY,
) -> dict[str, Any]:
    """Do what `backtest` does, on canonical tables."""
    prepared = prepare(tables, places or PlaceIndex.default(), tell)
    rows = orders_placed(prepared.history, epoch_day(window.start), epoch_day(window.end))
    as_of = epoch_day(window.start)
    trained = train(prepared.history, prepared.assembled, as_of, parameters, tell)
    challenger = train_challenger(prepared, as_of, QuantileParameters(), tell)
    tell(f"forecasting {len(rows):,} orders")
    evaluation = evaluate(trained, challenger, prepared.history, prepared.assembled, rows)
    feed = feed_of(prepared.history, tables[SHIPMENTS.name], tables.get(SCANS.name))
    living = train_on_feed(prepared, feed, as_of, on_the_way, tell)
    tell("forecasting at the handover")
    handed_over = forecast_handovers(living, prepared, feed, rows)
    tell("writing results")
    metrics = {
        "window": [str(window.start), str(window.end)],
        "trained": told_of(trained, parameters),
        **scorecard(evaluation),
        "stages": stage_scores(said_at_order(evaluation, prepared.history), handed_over, prepared.history),
    }
    at_order = column_worth(trained.model, prepared.assembled.take(rows))
    page = measured_catalogue(at_order, _worth_on_the_way(living, prepared, feed, rows))
    write_results(out, metrics, evaluation, prepared, page, [handed_over])
    return metrics


def _worth_on_the_way(living: LivingModel, prepared: Prepared, feed: Feed, rows: Rows) -> Mapping[str, Worth] | None:
    """Return what the living hazard makes of its columns, at some instants of these parcels; None without any."""
    until = last_known_day(prepared.history) + 1
    found = sampled_landmarks(prepared, feed, rows, until, _LOOKED_AT, seed=0)
    return None if found is None else column_worth(Blend(living.hazard), found.assembled)


def train_challenger(
    prepared: Prepared, as_of: int, parameters: QuantileParameters, tell: TellShare = SILENT
) -> QuantileModel:
    """Fit the quantile challenger on what was known at the start of UTC day `as_of`."""
    rows = orders_between(prepared.history, None, as_of)
    known = outcomes(prepared.history, rows, as_of)
    return fit_quantiles(
        prepared.assembled.take(rows), known, parameters, lambda share: tell("fit the challenger", share)
    )


def told_of(trained: Trained, parameters: TrainParameters) -> dict[str, Any]:
    """Return what a report tells about a model: its windows, its calibration, its parameters."""
    return {
        "first_order": str(day_of(trained.first)),
        "calibrated_from": str(day_of(trained.calibrated_from)),
        "as_of": str(day_of(trained.as_of)),
        "calibration": trained.calibration.to_dict(),
        "shared_fate": trained.shared_fate,
        "parameters": asdict(parameters),
    }


def write_results(
    out: Path,
    metrics: dict[str, Any],
    evaluation: Evaluation,
    prepared: Prepared,
    features: str,
    later: Sequence[Said] = (),
) -> None:
    """Write metrics, predictions, the report, and the page of the features.

    `later` are forecasts of the same parcels on their way.
    """
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(metrics, indent=1, allow_nan=False, ensure_ascii=False)
    (out / "metrics.json").write_text(text + "\n", encoding="utf-8")
    history = prepared.history
    parts = [predictions_table(said, history) for said in (said_at_order(evaluation, history), *later)]
    write_predictions(pa.concat_tables(parts), out / "predictions.parquet")
    write_report(out, metrics, evaluation, prepared.assembled)
    (out / "features.md").write_text(features, encoding="utf-8")
