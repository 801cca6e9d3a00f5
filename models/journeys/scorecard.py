"""The figures of a backtest of journeys, by milestone and averaged over the milestones, beside simple rules."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.journeys.grid import ENDS, HORIZON_HOURS, hourly, quantile, step_of
from models.journeys.legs import MILESTONES, Floats, Ints, Landmarks
from models.journeys.model import delay_risk
from models.journeys.whole import Processes
from models.metrics import average_precision, crps, is_covered

COVERAGE = (0.5, 0.8, 0.9, 0.95)
RISK_BINS = 10

Figures = dict[str, float | None]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True)
class Told:
    """What one forecaster said of each landmark: its best guess in hours, and where it can, probabilities."""

    hours: Floats
    cdf: Floats | None = None
    risk: Floats | None = None


def told_by_all(landmarks: Landmarks, cdf: Floats, past: Landmarks) -> dict[str, Told]:
    """Return the model's forecasts and those of the rules; `past` are the landmarks that the model learned from.

    `plan` is the planned duration of what remains, so the plan moved by the deviation so far; `planned_date` holds on
    to the plan as it was first made. `milestone_history` is what remained after the same milestone of earlier legs.
    The rule for the risk is the deviation so far.
    """
    history = _history_by_milestone(landmarks, past)
    return {
        "model": Told(quantile(cdf, 0.5), cdf, delay_risk(cdf, landmarks)),
        "plan": Told(landmarks.planned_remaining, risk=landmarks.deviation),
        "planned_date": Told(np.maximum(landmarks.slack, 0.0)),
        "milestone_history": Told(quantile(history, 0.5), history, delay_risk(history, landmarks)),
    }


def journey_scores(landmarks: Landmarks, told: Mapping[str, Told]) -> dict[str, dict[str, Figures]]:
    """Return the figures of each forecaster by milestone, and as `average` their mean over the milestones.

    Errors and CRPS are in hours, the CRPS up to the horizon. Landmarks without a delivery must have been left out.
    """
    scores = {}
    for name, forecasts in told.items():
        by_milestone = {
            milestone: _figures(landmarks, forecasts, landmarks.milestone == number)
            for number, milestone in enumerate(MILESTONES)
            if (landmarks.milestone == number).any()
        }
        scores[name] = by_milestone | {"average": _average(list(by_milestone.values()))}
    return scores


def process_scores(processes: Processes, cdf: Floats) -> Figures:
    """Return the figures of whole processes, told at their start, beside their plan; `cdf` is by hours 1, 2, ..."""
    median = (cdf < 0.5).sum(axis=1) + 0.5
    deadline = np.minimum(np.ceil(processes.planned), cdf.shape[1]).astype(np.int64) - 1
    risk = 1.0 - cdf[np.arange(len(cdf)), deadline]
    hours = _hour(processes.effective, cdf.shape[1])
    return {
        "processes": float(len(processes)),
        "mae_hours": float(np.abs(median - processes.effective).mean()),
        "plan_mae_hours": float(np.abs(processes.planned - processes.effective).mean()),
        "crps_hours": float(crps(cdf, hours).mean()),
        **{f"coverage_{level * 100:.0f}": float(is_covered(cdf, hours, level).mean()) for level in COVERAGE},
        "late_share": float(processes.is_late.mean()),
        "average_precision": average_precision(processes.is_late, risk),
    }


def risk_reliability(risk: Floats, is_late: Chosen) -> list[dict[str, float]]:
    """Return stated risk and share of late legs in each tenth of the stated risk that has any."""
    index = np.minimum((risk * RISK_BINS).astype(np.int64), RISK_BINS - 1)
    return [
        {
            "stated": float(risk[index == number].mean()),
            "late_share": float(is_late[index == number].mean()),
            "forecasts": float((index == number).sum()),
        }
        for number in np.unique(index)
    ]


def _history_by_milestone(landmarks: Landmarks, past: Landmarks) -> Floats:
    found = np.ones((len(landmarks), len(ENDS)))
    for number in range(len(MILESTONES)):
        before = past.remaining[past.milestone == number]
        if len(before):
            counts = np.bincount(step_of(before), minlength=len(ENDS) + 1)[:-1]
            found[landmarks.milestone == number] = np.cumsum(counts) / len(before)
    return found


def _figures(landmarks: Landmarks, told: Told, chosen: Chosen) -> Figures:
    mine = landmarks.take(chosen)
    figures: Figures = {
        "forecasts": float(len(mine)),
        "mae_hours": float(np.abs(told.hours[chosen] - mine.remaining).mean()),
        "late_share": float(mine.is_late.mean()),
    }
    if told.cdf is not None:
        cdf, hours = hourly(told.cdf[chosen]), _hour(mine.remaining, HORIZON_HOURS)
        figures["crps_hours"] = float(crps(cdf, hours).mean())
        figures |= {f"coverage_{level * 100:.0f}": float(is_covered(cdf, hours, level).mean()) for level in COVERAGE}
    if told.risk is not None:
        figures["average_precision"] = average_precision(mine.is_late, told.risk[chosen])
    return figures


def _average(parts: list[Figures]) -> Figures:
    """Return the mean over the milestones, of those that have the figure."""
    found: Figures = {}
    for key in parts[0]:
        values = [value for part in parts if (value := part[key]) is not None]
        found[key] = float(np.mean(values)) if values else None
    return found | {"forecasts": float(sum(part["forecasts"] or 0.0 for part in parts))}


def _hour(hours: Floats, most: int) -> Ints:
    """Return the number, from 0, of the hour in which this lies; beyond the horizon the one after the last."""
    return np.asarray(np.clip(np.ceil(hours) - 1, 0, most), dtype=np.int64)
