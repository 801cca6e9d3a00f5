"""Pictures of an evaluation, as PNG."""

from collections.abc import Callable, Mapping
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from features.assembly import Assembled
from models.evaluation import (
    COVERAGE,
    INCUMBENT,
    MODEL,
    PIT_BINS,
    Evaluation,
    pit_shares,
)
from models.metrics import crps, is_covered, reliability
from models.promising import attainment, promised_days
from models.scorecard import months
from pipelines.scoreboard import NAMES

_CURVE = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
_MOVED_BY = range(-15, 4)  # days by which the incumbent's promises are moved for its curve
_COLOURS = dict(zip(NAMES, ("#1b6ca8", "#c77d1e", "#6b8e4e", "#8c6bb1", "#b03a48"), strict=True))


def pictures(evaluation: Evaluation, assembled: Assembled) -> dict[str, bytes]:
    """Return PNG files by name, none when no parcel was delivered; `assembled` holds the whole history."""
    if not evaluation.is_delivered.any():
        return {}
    part = assembled.take(evaluation.rows)
    draws: Mapping[str, Callable[[Axes], None]] = {
        "reliability": lambda axes: _reliability(axes, evaluation),
        "pit": lambda axes: _pit(axes, evaluation),
        "crps": lambda axes: _crps(axes, evaluation),
        "coverage_by_month": lambda axes: _coverage(axes, evaluation),
        "promises": lambda axes: _promises(axes, evaluation, part),
    }
    return {name: png(draw) for name, draw in draws.items()}


def png(draw: Callable[[Axes], None]) -> bytes:
    """Draw one picture and return it as a PNG file."""
    figure = Figure(figsize=(6.4, 4.4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(visible=True, color="#e4e4e4")
    axes.set_axisbelow(True)
    draw(axes)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    file = BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _scored(evaluation: Evaluation, name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return CDFs and lead days of the delivered parcels that this forecaster said something of."""
    forecasts = evaluation.forecasts[name]
    delivered = evaluation.is_delivered[forecasts.of]
    return forecasts.cdf[delivered], evaluation.lead_days[forecasts.of][delivered]


def _distributions(evaluation: Evaluation) -> list[str]:
    """Return the forecasters that state probabilities and have parcels to show them on."""
    return [name for name in evaluation.forecasts if name != INCUMBENT and len(_scored(evaluation, name)[1])]


def _reliability(axes: Axes, evaluation: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="as stated")
    for name in _distributions(evaluation):
        stated, happened, _ = reliability(*_scored(evaluation, name))
        width = 2.2 if name == MODEL else 1.0
        axes.plot(stated, happened, "o-", markersize=3, linewidth=width, color=_COLOURS[name], label=NAMES[name])
    axes.set(
        xlabel='stated probability of "delivered by this day"', ylabel="share delivered by then", title="Reliability"
    )
    axes.legend(frameon=False)


def _pit(axes: Axes, evaluation: Evaluation) -> None:
    shares = pit_shares(*_scored(evaluation, MODEL))
    axes.bar(np.arange(PIT_BINS) / PIT_BINS, shares, width=0.95 / PIT_BINS, align="edge", color=_COLOURS[MODEL])
    axes.axhline(1.0 / PIT_BINS, color="#999999")
    axes.set(
        xlabel="probability integral transform", ylabel="share of parcels", title="PIT of the model (flat: calibrated)"
    )


def _crps(axes: Axes, evaluation: Evaluation) -> None:
    names = [name for name in evaluation.forecasts if len(_scored(evaluation, name)[1])]
    values = [float(crps(*_scored(evaluation, name)).mean()) for name in names]
    bars = axes.barh([NAMES[name] for name in names], values, color=[_COLOURS[name] for name in names])
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.invert_yaxis()
    axes.set(xlabel="CRPS in days (smaller is better)", title="How far forecasts were from the outcome")


def _coverage(axes: Axes, evaluation: Evaluation) -> None:
    labels, rows = [], []
    cdf, lead = _scored(evaluation, MODEL)
    for name, chosen in months(evaluation).items():
        mine = chosen[evaluation.is_delivered]
        if mine.any():
            labels.append(name)
            rows.append([float(is_covered(cdf[mine], lead[mine], level).mean()) for level in COVERAGE])
    lines = axes.plot(labels, np.array(rows), "o-")
    for line, level in zip(lines, COVERAGE, strict=True):
        axes.axhline(level, color=line.get_color(), linewidth=0.8, linestyle=":")
        line.set_label(f"{level * 100:.0f} %")
    axes.set(
        xlabel="month of the order", ylabel="share inside the interval", title="Coverage by month (dotted: stated)"
    )
    axes.tick_params(axis="x", rotation=45 if len(labels) > 6 else 0)
    axes.legend(frameon=False)


def _promises(axes: Axes, evaluation: Evaluation, part: Assembled) -> None:
    for name in _distributions(evaluation):
        forecasts = evaluation.forecasts[name]
        mine = forecasts.of[evaluation.is_delivered[forecasts.of]]
        cdf, lead = _scored(evaluation, name)
        orders = part.take(mine)
        _curve(axes, name, [promised_days(cdf, orders, level) for level in _CURVE], lead)
    if INCUMBENT in evaluation.forecasts:
        _incumbent_curve(axes, evaluation)
    axes.set(
        xlabel="mean days from order to promise",
        ylabel="promises kept, %",
        title="Promises kept against how soon they were",
    )
    axes.legend(frameon=False)


def _incumbent_curve(axes: Axes, evaluation: Evaluation) -> None:
    """Draw the shop's promises, and what moving all of them by whole days would have done."""
    forecasts = evaluation.forecasts[INCUMBENT]
    delivered = evaluation.is_delivered[forecasts.of]
    promised = next(iter(forecasts.promised.values()))[delivered]
    if not len(promised):
        return
    lead = evaluation.lead_days[forecasts.of][delivered]
    _curve(axes, INCUMBENT, [np.maximum(promised + days, 0) for days in _MOVED_BY], lead)
    held = attainment(promised, lead)
    axes.plot([held.mean_lead_days], [100 * (1 - held.late_share)], "D", color=_COLOURS[INCUMBENT])


def _curve(axes: Axes, name: str, promises: list[NDArray[np.int64]], lead: NDArray[np.int64]) -> None:
    points = [attainment(promised, lead) for promised in promises]
    kept = [100 * (1 - point.late_share) for point in points]
    width = 2.2 if name == MODEL else 1.0
    label = NAMES[name] if name != INCUMBENT else f"{NAMES[name]}, moved by days"
    axes.plot(
        [point.mean_lead_days for point in points],
        kept,
        "o-",
        markersize=3,
        linewidth=width,
        color=_COLOURS[name],
        label=label,
    )
