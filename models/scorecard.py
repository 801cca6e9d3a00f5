"""The figures of an evaluation: overall, by month of the order, by evidence on the lane."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.evaluation import COVERAGE, INCUMBENT, MODEL, SERVICE_LEVELS, Evaluation, Forecasts
from models.metrics import crps, summary
from models.promising import attainment

# Deliveries recorded on the order's own lane; each bin begins with its number and ends before the next one's.
EVIDENCE_BINS: Mapping[str, int] = {"0": 0, "1-4": 1, "5-19": 5, "20+": 20}

Chosen = NDArray[np.bool_]
Figures = dict[str, float | None]


def scorecard(evaluation: Evaluation) -> dict[str, object]:
    """Return the figures of each forecaster, NaN as None.

    Where a forecaster said something of some parcels only, `model_crps_days` is the model's CRPS on the same ones.
    """
    delivered = evaluation.is_delivered
    return {
        "orders": len(evaluation.rows),
        "delivered": int(delivered.sum()),
        "undelivered": int((~delivered).sum()),
        "overall": _by_forecaster(evaluation, delivered),
        "by_month": {name: _by_forecaster(evaluation, delivered & one) for name, one in months(evaluation).items()},
        "by_evidence": {
            name: _by_forecaster(evaluation, delivered & one) for name, one in evidence_bins(evaluation).items()
        },
    }


def months(evaluation: Evaluation) -> dict[str, Chosen]:
    """Return the orders of each month, as 2018-05."""
    month = evaluation.ordered_on.astype("datetime64[D]").astype("datetime64[M]")
    return {str(one): month == one for one in np.unique(month)}


def evidence_bins(evaluation: Evaluation) -> dict[str, Chosen]:
    """Return the orders of each bin of evidence on their lane."""
    found = np.searchsorted(list(EVIDENCE_BINS.values()), evaluation.lane_parcels, side="right") - 1
    return {name: found == number for number, name in enumerate(EVIDENCE_BINS)}


def _by_forecaster(evaluation: Evaluation, chosen: Chosen) -> dict[str, Figures]:
    return {name: _figures(evaluation, name, chosen) for name in evaluation.forecasts}


def _figures(evaluation: Evaluation, name: str, chosen: Chosen) -> Figures:
    forecasts = evaluation.forecasts[name]
    mine = chosen[forecasts.of]
    if not mine.any():
        return {"parcels": 0}
    cdf, lead = forecasts.cdf[mine], evaluation.lead_days[forecasts.of][mine]
    figures: Figures = {**summary(cdf, lead, COVERAGE), "parcels": int(mine.sum())}
    if mine.sum() < chosen.sum():
        same = forecasts.of[mine]
        figures["model_crps_days"] = float(
            crps(evaluation.forecasts[MODEL].cdf[same], evaluation.lead_days[same]).mean()
        )
    return figures | _promises(forecasts, mine, lead, is_incumbent=name == INCUMBENT)


def _promises(forecasts: Forecasts, mine: Chosen, lead: NDArray[np.int64], *, is_incumbent: bool) -> Figures:
    """Tell how promises at each service level would have held; the incumbent's, as it made them."""
    figures: Figures = {}
    for level in SERVICE_LEVELS[:1] if is_incumbent else SERVICE_LEVELS:
        suffix = "" if is_incumbent else f"_at_{level * 100:.0f}"
        held = attainment(forecasts.promised[level][mine], lead)
        figures[f"late_share{suffix}"] = held.late_share if held.parcels else None
        figures[f"mean_lead_days{suffix}"] = held.mean_lead_days if held.parcels else None
        figures[f"unpromised{suffix}"] = len(lead) - held.parcels
    return figures
