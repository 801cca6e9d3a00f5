"""The report of a backtest of journeys: a table for the terminal, one HTML page, and its pictures."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from models.journeys.grid import HORIZON_HOURS, hourly
from models.journeys.legs import MILESTONES, Floats, Landmarks
from models.metrics import reliability
from pipelines.plots import png
from pipelines.reporting import STYLE, figure

NAMES = {
    "model": "model",
    "plan": "plan (what remains of it)",
    "planned_date": "plan as first made",
    "milestone_history": "history by milestone",
}
_COLOURS = dict(zip(NAMES, ("#1b6ca8", "#b03a48", "#8c6bb1", "#6b8e4e"), strict=True))
_COLUMNS = {
    "forecasts": ("forecasts", "{:,.0f}"),
    "mae_hours": ("MAE h", "{:.1f}"),
    "crps_hours": ("CRPS h", "{:.1f}"),
    **{f"coverage_{level}": (f"in {level} %", "{:.1%}") for level in (50, 80, 90, 95)},
    "late_share": ("late", "{:.1%}"),
    "average_precision": ("AP of risk", "{:.3f}"),
}


def journeys_text(metrics: Mapping[str, Any]) -> str:
    """Return the averages over the milestones, one line per forecaster, the model by milestone, and whole processes."""
    data = metrics["data"]
    title = (
        f"{data['test_legs']:,} legs of the last processes forecast, learned from {data['train_legs']:,} earlier ones"
    )
    if "by_milestone" not in metrics:
        return f"{title}; none of them has a recorded delivery, so nothing can be scored"
    scores, whole = metrics["by_milestone"], metrics["whole_processes"]
    heads = "".join(f"{words:>11}" for words, _ in _COLUMNS.values())
    lines = [title, "", f"{'averaged over the milestones':<28}{heads}"]
    lines += [_line(NAMES[name], part["average"]) for name, part in scores.items()]
    lines += ["", "the model"]
    lines += [_line(f"scan:{name}", part) for name, part in scores["model"].items() if name in MILESTONES]
    lines += ["", f"mean error {metrics['mae_share_of_plan']:.1%} of the plan's own"]
    if whole:
        errors = f"mean error {whole['mae_hours']:.1f} h, their plan {whole['plan_mae_hours']:.1f} h"
        inside = f"in the 90 % interval {whole['coverage_90']:.1%}"
        lines.append(f"whole processes ({whole['processes']:,.0f}), told at their start: {errors}, {inside}")
    return "\n".join(lines)


def write_journey_report(out: Path, metrics: Mapping[str, Any], landmarks: Landmarks, cdf: Floats) -> None:
    """Write `report.html`, `reliability.png`, `risk.png` and `error_by_milestone.png` to the folder `out`."""
    drawn = {
        "reliability": png(lambda axes: _reliability(axes, landmarks, cdf)),
        "risk": png(lambda axes: _risk(axes, metrics["risk_reliability"])),
        "error_by_milestone": png(lambda axes: _errors(axes, metrics["by_milestone"])),
    }
    for name, picture in drawn.items():
        (out / f"{name}.png").write_bytes(picture)
    data = metrics["data"]
    sections = [
        "<h1>Freight legs, forecast at every milestone</h1>",
        f"<p>{data['test_legs']:,} legs, learned from {data['train_legs']:,} of earlier processes.</p>",
        *(figure(name, picture) for name, picture in drawn.items()),
        *(f"<h2>{escape(NAMES[name])}</h2>{_table(part)}" for name, part in metrics["by_milestone"].items()),
        "<h2>Whole processes, told at their start</h2>",
        _table({"model": metrics["whole_processes"]}) if metrics["whole_processes"] else "<p>none</p>",
    ]
    head = f"<meta charset=utf-8><title>Backtest of journeys</title><style>{STYLE}</style>"
    page = f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(sections)}</body></html>\n'
    (out / "report.html").write_text(page, encoding="utf-8")


def _line(name: str, figures: Mapping[str, float | None]) -> str:
    cells = ("-" if (value := figures.get(key)) is None else form.format(value) for key, (_, form) in _COLUMNS.items())
    return f"{name:<28}{''.join(f'{cell:>11}' for cell in cells)}"


def _table(parts: Mapping[str, Mapping[str, float | None]]) -> str:
    heads = "".join(f"<th>{escape(words)}</th>" for words, _ in _COLUMNS.values())

    def cells(figures: Mapping[str, float | None]) -> str:
        return "".join(_cell(figures.get(key), form) for key, (_, form) in _COLUMNS.items())

    rows = "".join(f"<tr><td>{escape(name)}</td>{cells(figures)}</tr>" for name, figures in parts.items())
    return f"<table><tr><th></th>{heads}</tr>{rows}</table>"


def _cell(value: float | None, form: str) -> str:
    return "<td></td>" if value is None else f"<td>{form.format(value)}</td>"


def _reliability(axes: Axes, landmarks: Landmarks, cdf: Floats) -> None:
    hours = np.clip(np.ceil(landmarks.remaining) - 1, 0, HORIZON_HOURS).astype(np.int64)
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="as stated")
    for number, name in enumerate(MILESTONES):
        mine = landmarks.milestone == number
        if mine.any():
            stated, happened, _ = reliability(hourly(cdf[mine]), hours[mine])
            axes.plot(stated, happened, "o-", markersize=3, linewidth=1.2, label=f"scan:{name}")
    axes.set(
        xlabel='stated probability of "delivered by this hour"', ylabel="share delivered by then", title="Reliability"
    )
    axes.legend(frameon=False)


def _risk(axes: Axes, bins: list[dict[str, float]]) -> None:
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    axes.plot([one["stated"] for one in bins], [one["late_share"] for one in bins], "o-", color=_COLOURS["model"])
    axes.set(
        xlabel="stated risk to exceed the planned total", ylabel="share that did", title="Reliability of the delay risk"
    )


def _errors(axes: Axes, scores: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    for name, part in scores.items():
        told = [milestone for milestone in MILESTONES if milestone in part]
        width = 2.2 if name == "model" else 1.2
        errors = [part[milestone]["mae_hours"] for milestone in told]
        axes.plot(told, errors, "o-", linewidth=width, color=_COLOURS[name], label=NAMES[name])
    axes.set(
        xlabel="milestone", ylabel="mean absolute error, hours", title="Error of the remaining time", ylim=(0, None)
    )
    axes.legend(frameon=False)
