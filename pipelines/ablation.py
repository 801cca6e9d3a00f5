"""What each family of features is worth: the same model trained without it, on a simulated world of storms and strikes.

A column that is left out is empty in training and in forecasting, so that nothing else changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from features.assembly import ORDER_COLUMNS, Assembled, paced
from features.orders import day_of, epoch_day
from models.evaluation import MODEL, evaluate, orders_placed, scores_of
from models.training import TrainParameters, train
from parcelcast.place import PlaceIndex
from pipelines.preparation import Prepared, prepare, read_tables
from pipelines.progress import SILENT, TellShare
from pipelines.simulate import SimulateParameters, simulate

# Two winters' edges: the season before Christmas with its storms, and a summer that only strikes disturb.
WORLD = SimulateParameters(seed=12, shipments=80_000, days=400, until=date(2027, 2, 15), regime="storms")
WINDOWS = (date(2026, 6, 15), date(2026, 9, 15), date(2026, 12, 1))
WINDOW_DAYS = 42
VARIANTS: Mapping[str, Sequence[str]] = {
    "all families": (),
    "without weather": ("weather",),
    "without load": ("load",),
    "without regime": ("regime",),
    "without weather and load": ("weather", "load"),
    "without all three": ("weather", "load", "regime"),
}


@dataclass(frozen=True)
class Score:
    """Mean CRPS in days of the orders of a window that were delivered."""

    variant: str
    start: date
    parcels: int
    crps: float


def ablation(folder: Path, windows: Sequence[date] = WINDOWS, tell: TellShare = SILENT) -> list[Score]:
    """Simulate `WORLD` into a folder (once), and score each of `VARIANTS` on each window, trained as of its start."""
    if not (folder / "shipments.parquet").is_file():
        simulate(WORLD, folder, tell)
    prepared = prepare(read_tables(folder), PlaceIndex.default(), tell)
    scores: list[Score] = []
    for start in windows:
        for name, families in VARIANTS.items():
            tell(f"{start}, {name}", len(scores) / (len(windows) * len(VARIANTS)))
            scores.append(_score(prepared, name, families, start))
    return scores


def without(assembled: Assembled, families: Sequence[str]) -> Assembled:
    """Return the features with the columns of these families empty, and what is made of them as if they were."""
    static = assembled.static.copy()
    static[:, [column.family in families for column in ORDER_COLUMNS]] = np.nan
    outlook = assembled.outlook
    if "weather" in families:
        outlook = replace(outlook, days=np.full_like(outlook.days, np.nan))
    return replace(assembled, static=static, log_odds=paced(assembled.lead, static), outlook=outlook)


def ablation_text(scores: Sequence[Score]) -> str:
    """Return the table of the scores: CRPS in days, and how much worse than with all families.

    >>> scores = [Score("all families", date(2026, 6, 15), 10, 2.0), Score("without load", date(2026, 6, 15), 10, 2.1)]
    >>> print(ablation_text(scores))
    simulated, CRPS in days         2026-06-15           all
    all families                2.000   +0.0 %   2.000   +0.0 %
    without load                2.100   +5.0 %   2.100   +5.0 %
    """
    starts = list(dict.fromkeys(one.start for one in scores))
    lines = ["simulated, CRPS in days     " + "".join(f"{start!s:>14}    " for start in starts) + f"{'all':>10}"]
    full: list[float] = []
    for name in dict.fromkeys(one.variant for one in scores):
        mine = [one for one in scores if one.variant == name]
        parcels = sum(one.parcels for one in mine)
        values = [*(one.crps for one in mine), sum(one.crps * one.parcels for one in mine) / parcels]
        full = full or values
        cells = [
            f"{crps:.3f} {crps / best - 1:>+7.1%}".replace("%", " %") for crps, best in zip(values, full, strict=True)
        ]
        lines.append(f"{name:<28}" + "   ".join(cells))
    return "\n".join(lines)


def _score(prepared: Prepared, name: str, families: Sequence[str], start: date) -> Score:
    history, assembled = prepared.history, without(prepared.assembled, families)
    as_of = epoch_day(start)
    rows = orders_placed(history, as_of, as_of + WINDOW_DAYS)
    trained = train(history, assembled, as_of, TrainParameters())
    scores = scores_of(evaluate(trained, None, history, assembled, rows), MODEL)
    assert scores is not None
    return Score(name, day_of(as_of), scores.parcels, scores.crps)
