"""How good would alerts have been? On a simulated network: fit on a window, judge on a later one, beside rules.

Everything is as of its own instant: the models are trained as of the first window's start, thresholds are fitted on
that window by what was recorded before the second one starts, and alerts are judged there by what really happened.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from features.orders import epoch_day
from models.living.training import LivingParameters
from models.training import TrainParameters, train
from parcelcast.alerts import AlertPolicy, FittedAlerts
from parcelcast.place import PlaceIndex
from parcelcast.tables import SHIPMENTS
from pipelines.alerting.bound import Bound, bound
from pipelines.alerting.judging import Figures, figures, warned_by_machine
from pipelines.alerting.parcels import Watched, true_outcomes
from pipelines.alerting.replay import replay
from pipelines.alerting.rules import no_scan_for_48_hours, quoted_date_passed, warned_by_rule
from pipelines.alerting.tracks import Track
from pipelines.alerting.windows import Past, fit_on_window, window_tracks
from pipelines.living.feed import feed_of, read_scans
from pipelines.living.training import train_on_feed
from pipelines.preparation import prepare, read_tables
from pipelines.progress import SILENT, TellShare
from pipelines.simulate import SimulateParameters, simulate
from pipelines.simulator.forks import perfect_forecasts

WORLD = SimulateParameters(seed=13, shipments=100_000, days=400, until=date(2026, 11, 1))
WINDOW_DAYS = 28
# Months differ: thresholds come from two of them, and from so many parcels at most.
FIT_DAYS, FIT_PARCELS = 56, 6000
SETTLE_DAYS = 14  # after a window of orders, until nearly all of its promises have passed
BOUND_DAYS, REPLICAS = 7, 100


@dataclass(frozen=True)
class Judged:
    """Figures by name on the test window, the bound of a perfect forecaster, and the policy that was judged."""

    figures: Mapping[str, Figures]
    bound: Bound
    policy: AlertPolicy
    fitted: FittedAlerts


def bench_alerts(
    folder: Path,
    world: SimulateParameters = WORLD,
    wanted: AlertPolicy | None = None,
    parameters: tuple[TrainParameters, LivingParameters] = (TrainParameters(), LivingParameters()),
    tell: TellShare = SILENT,
) -> Judged:
    """Simulate into a folder (once), train, fit and judge; writes `alerts.json` and `metrics.json` there."""
    if not (folder / "truth.parquet").is_file():
        simulate(world, folder, tell)
    wanted = wanted or AlertPolicy()
    test_from = world.until - timedelta(days=WINDOW_DAYS + SETTLE_DAYS)
    fit_from = test_from - timedelta(days=FIT_DAYS + SETTLE_DAYS)
    past = _past(folder, epoch_day(fit_from), parameters, tell)
    fitted = fit_on_window(past, fit_from, FIT_DAYS, test_from, wanted, FIT_PARCELS, tell)
    policy = fitted.policy(wanted)
    tell("looking at parcels of the test window")
    tracks = window_tracks(past, test_from, WINDOW_DAYS, [wanted], true_outcomes(folder / "truth.parquet"))
    tell("judging")
    parcels = [track.parcel for track in tracks]
    best = _bound(world, parcels, test_from, wanted.precision, tell)
    judged = Judged(judge(tracks, policy), best, policy, fitted)
    _write(folder, judged)
    return judged


def judge(tracks: Sequence[Track], policy: AlertPolicy) -> dict[str, Figures]:
    """Return the figures of the machine and of both rules on the same parcels.

    "if collected in time" judges the machine's alerts by when the shopper had the parcel in hand: one that waited at a
    pickup point beyond the promised day is late then, which no alert of a delay tells.
    """
    warned = warned_by_machine(replay(track, policy) for track in tracks)
    return {
        "alerts": figures(warned),
        "if collected in time": figures([replace(one, parcel=_until_collected(one.parcel)) for one in warned]),
        "quoted date passed": figures(warned_by_rule(tracks, quoted_date_passed)),
        "no scan for 48 h": figures(warned_by_rule(tracks, no_scan_for_48_hours)),
    }


def alerts_text(judged: Judged) -> str:
    """Return the table of the figures."""
    titles = "precision,recall,any time,told late,median lead,alerts/1000,retracted/1000,most open".split(",")
    lines = ["".join([f"{'simulated, lead 24 h':<21}", *(f"{title:>{len(title) + 2}}" for title in titles)])]
    for name, one in judged.figures.items():
        cells = (
            f"{one.precision:.1%}",
            f"{one.recall:.1%}",
            f"{one.precision_at_any_time:.1%}",
            f"{one.told / max(one.late, 1):.1%}",
            f"{one.lead_hours:.0f} h",
            f"{1000 * one.alerts / one.parcels:.1f}",
            f"{1000 * one.retractions / one.parcels:.1f}",
            f"{one.most_open}",
        )
        lines.append(f"{name:<21}" + "".join(f"{cell:>{len(t) + 2}}" for cell, t in zip(cells, titles, strict=True)))
    best, first, threshold = judged.bound, next(iter(judged.figures.values())), judged.policy.threshold("")
    lines.append(f"{'perfect forecaster':<21}{best.precision:>11.1%}{best.recall:>8.1%}")
    lines.append(
        f"{first.parcels:,} parcels, {first.late:,} late; the perfect forecaster saw {best.parcels:,} and {best.late:,}"
    )
    lines.append(f"alerts open at a risk of {threshold.open_at:.3g} and recover at {threshold.recover_at:.3g}")
    return "\n".join(lines)


def _past(folder: Path, as_of: int, parameters: tuple[TrainParameters, LivingParameters], tell: TellShare) -> Past:
    """Read the history of a folder, and train as of a UTC day."""
    tables = read_tables(folder)
    prepared = prepare(tables, PlaceIndex.default(), tell)
    shipments = tables[SHIPMENTS.name]
    feed = feed_of(prepared.history, shipments, read_scans(folder))
    trained = train(prepared.history, prepared.assembled, as_of, parameters[0], tell)
    living = train_on_feed(prepared, feed, as_of, parameters[1], tell)
    return Past(prepared, shipments, feed, trained, living)


def _until_collected(parcel: Watched) -> Watched:
    """Judge a parcel by the day on which the shopper had it in hand."""
    return replace(parcel, arrived_on=parcel.delivered_on)


def _bound(
    world: SimulateParameters, parcels: list[Watched], test_from: date, precision: float, tell: TellShare
) -> Bound:
    numbers = np.linspace(SETTLE_DAYS // 2, WINDOW_DAYS - 1, BOUND_DAYS).round().astype(int).tolist()
    tell("continuing the world")
    days = [test_from + timedelta(days=number) for number in numbers]
    return bound(perfect_forecasts(world.config(), days, REPLICAS), parcels, precision)


def _write(folder: Path, judged: Judged) -> None:
    metrics = {
        **{name: asdict(one) for name, one in judged.figures.items()},
        "perfect forecaster": asdict(judged.bound),
        "policy": judged.policy.to_dict(),
    }
    for name, content in (("alerts.json", judged.fitted.to_dict()), ("metrics.json", metrics)):
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
