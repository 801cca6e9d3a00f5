"""How good would the forecasts of freight legs have been? Train on the first processes, forecast the others."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from models.journeys.legs import Landmarks, Legs, landmarks_of
from models.journeys.model import JourneyParameters, TrainedJourneys, train_journeys
from models.journeys.scorecard import journey_scores, process_scores, risk_reliability, told_by_all
from models.journeys.whole import process_cdf, processes_of
from parcelcast.errors import InputError
from pipelines.ingest.cargo2000 import Cargo2000, read_cargo2000
from pipelines.journeys.predictions import journey_predictions
from pipelines.journeys.report import write_journey_report
from pipelines.predictions import write_predictions
from pipelines.progress import SILENT, TellShare


def backtest_journeys(
    data: Path, train_share: float, out: Path, parameters: JourneyParameters, tell: TellShare = SILENT
) -> dict[str, Any]:
    """Train on the first `train_share` of the file's processes and forecast every leg of the others at every milestone.

    Writes `metrics.json`, `predictions.parquet` (see `pipelines.journeys.predictions`), `report.html` and its pictures
    to `out`; returns the metrics. Legs without a recorded delivery are forecast and not scored. InputError for a share
    that leaves nothing to learn from or to forecast.
    """
    if not 0.0 < train_share < 1.0:
        raise InputError(f"a train share of {train_share}; expected a number between 0 and 1, such as 0.7")
    tell("reading processes")
    source = read_cargo2000(data)
    first_test = int(source.processes * train_share)
    is_past = source.legs.process < first_test
    past, test = source.legs.take(is_past), source.legs.take(~is_past)
    if len(test) == 0:
        raise InputError(f"no leg is in the last {1.0 - train_share:.0%} of the processes; expected some to forecast")
    trained = train_journeys(past, parameters, tell)
    landmarks = landmarks_of(test)
    tell(f"forecasting {len(landmarks):,} milestones of {len(test):,} legs")
    cdf = trained.cdf(landmarks)
    tell("writing results")
    metrics = {
        "train_share": train_share,
        "data": _told_of(source, past, test),
        "trained": {
            "processes": trained.processes,
            "calibrated_on_last_processes": trained.calibrated_on,
            "calibration": trained.calibration.to_dict(),
            "shared_fate_of_inbound_legs": trained.shared_fate,
            "parameters": asdict(parameters),
        },
        **_scored(trained, landmarks, cdf, landmarks_of(past.take(past.is_delivered))),
    }
    _write(out, metrics, landmarks, cdf)
    return metrics


def _told_of(source: Cargo2000, past: Legs, test: Legs) -> dict[str, Any]:
    return {
        "processes": source.processes,
        "legs": len(source.legs),
        "train_legs": len(past),
        "test_legs": len(test),
        "test_legs_not_delivered": int((~test.is_delivered).sum()),
        "rejected_legs": source.rejected,
        "noted_legs": source.noted,
    }


def _scored(trained: TrainedJourneys, landmarks: Landmarks, cdf: np.ndarray, past: Landmarks) -> dict[str, Any]:
    """Return the scores of the delivered legs; there must be one, or there is nothing to say."""
    delivered = landmarks.legs.is_delivered[landmarks.row]
    if not delivered.any():
        return {}
    mine, mine_cdf = landmarks.take(delivered), cdf[delivered]
    told = told_by_all(mine, mine_cdf, past)
    scores = journey_scores(mine, told)
    model, plan = scores["model"]["average"], scores["plan"]["average"]
    risk = told["model"].risk
    assert risk is not None
    processes = processes_of(landmarks.legs)
    return {
        "by_milestone": scores,
        "mae_share_of_plan": (model["mae_hours"] or 0.0) / (plan["mae_hours"] or np.nan),
        "average_precision": model["average_precision"],
        "risk_reliability": risk_reliability(risk, mine.is_late),
        "whole_processes": process_scores(processes, process_cdf(processes, landmarks, cdf, trained.shared_fate))
        if len(processes)
        else None,
    }


def _write(out: Path, metrics: Mapping[str, Any], landmarks: Landmarks, cdf: np.ndarray) -> None:
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(metrics, indent=1, allow_nan=False, ensure_ascii=False)
    (out / "metrics.json").write_text(text + "\n", encoding="utf-8")
    write_predictions(journey_predictions(landmarks, cdf), out / "predictions.parquet")
    delivered = landmarks.legs.is_delivered[landmarks.row]
    if delivered.any():
        write_journey_report(out, metrics, landmarks.take(delivered), cdf[delivered])
