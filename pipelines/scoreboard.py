"""Metrics as a table for the terminal."""

from collections.abc import Mapping
from typing import Any

NAMES = {
    "model": "model",
    "quantile_challenger": "quantile challenger",
    "lane_history": "lane history",
    "carrier_quote": "carrier quote",
    "incumbent": "the shop's own promise",
}
_COLUMNS: Mapping[str, tuple[str, str]] = {
    "parcels": ("parcels", "{:,.0f}"),
    "crps_days": ("CRPS d", "{:.3f}"),
    "mae_median_days": ("MAE d", "{:.2f}"),
    "coverage_50": ("in 50 %", "{:.1%}"),
    "coverage_80": ("80 %", "{:.1%}"),
    "coverage_90": ("90 %", "{:.1%}"),
    "coverage_95": ("95 %", "{:.1%}"),
}
_LEVELS = (80, 90, 95)


def scores_text(metrics: Mapping[str, Any]) -> str:
    """Return accuracy, and late share and mean lead of promises, one line per forecaster.

    >>> overall = {"incumbent": {"parcels": 2, "crps_days": 1.5, "late_share": 0.5, "mean_lead_days": 9.0}}
    >>> print(scores_text({"window": ["2018-05-01", "2018-07-01"], "orders": 3, "undelivered": 1, "overall": overall}))
    3 orders placed from 2018-05-01 until before 2018-07-01; 1 of them without a delivery in the data, not scored
    <BLANKLINE>
                              parcels   CRPS d    MAE d  in 50 %     80 %     90 %     95 %
    the shop's own promise          2    1.500        -        -        -        -        -
    <BLANKLINE>
    late share and mean days from order to promise, by service level
                                        80 %              90 %              95 %
    the shop's own promise     50.0 %  9.0 d     50.0 %  9.0 d     50.0 %  9.0 d
    """
    start, end = metrics["window"]
    title = f"{metrics['orders']:,} orders placed from {start} until before {end}"
    lines = [
        f"{title}; {metrics['undelivered']:,} of them without a delivery in the data, not scored",
        "",
        " " * 23 + "".join(f"{head:>9}" for head, _ in _COLUMNS.values()),
        *(_accuracy(name, figures) for name, figures in metrics["overall"].items()),
        "",
        "late share and mean days from order to promise, by service level",
        " " * 23 + "".join(f"{f'{level} %':>18}" for level in _LEVELS),
        *(_promises(name, figures) for name, figures in metrics["overall"].items()),
    ]
    return "\n".join(lines)


def _accuracy(name: str, figures: Mapping[str, Any]) -> str:
    cells = [form.format(figures[key]) if figures.get(key) is not None else "-" for key, (_, form) in _COLUMNS.items()]
    return f"{NAMES[name]:<23}" + "".join(f"{cell:>9}" for cell in cells)


def _promises(name: str, figures: Mapping[str, Any]) -> str:
    cells = []
    for level in _LEVELS:
        suffix = "" if "late_share" in figures else f"_at_{level}"
        late, lead = figures.get(f"late_share{suffix}"), figures.get(f"mean_lead_days{suffix}")
        cells.append("-" if late is None or lead is None else f"{late * 100:.1f} %  {lead:.1f} d")
    return f"{NAMES[name]:<23}" + "".join(f"{cell:>18}" for cell in cells)
