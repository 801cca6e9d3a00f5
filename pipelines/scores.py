"""The few figures by which runs are compared: the metrics of DVC and of MLflow."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FIGURES = (
    "parcels",
    "crps_days",
    "mae_median_days",
    "coverage_50",
    "coverage_80",
    "coverage_90",
    "coverage_95",
    "late_share_at_90",
    "mean_lead_days_at_90",
    "late_share",  # these two: of the promises that the shop made
    "mean_lead_days",
)


def headline(metrics: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the main figures of each forecaster over the whole window, those it has.

    >>> headline({"overall": {"model": {"crps_days": 1.5, "unpromised_at_90": 0, "coverage_90": None}}})
    {'model': {'crps_days': 1.5}}
    """
    return {
        name: {key: figures[key] for key in FIGURES if figures.get(key) is not None}
        for name, figures in metrics["overall"].items()
    }


def write_scores(metrics: Path, out: Path) -> None:
    """Write the headline of a metrics file."""
    told = headline(json.loads(metrics.read_text(encoding="utf-8")))
    out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
