"""Windows of orders, ready for a replay: what bench and training judge and fit alerts on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from features.orders import epoch_day
from models.evaluation import orders_placed
from models.living.model import LivingModel
from models.training import Trained
from parcelcast.alerts import AlertPolicy, FittedAlerts
from pipelines.alerting.fitting import by_lead, fit_alerts
from pipelines.alerting.parcels import Outcomes, promises, recorded_outcomes, watched_parcels
from pipelines.alerting.tracks import Track, rolling_etas, tracks_of
from pipelines.living.feed import Feed
from pipelines.preparation import Prepared
from pipelines.progress import SILENT, TellShare

_UNDERWAY_DAYS = 14  # nearly all parcels of a window have come so long after it


@dataclass(frozen=True)
class Past:
    """A history with its news, and models that were trained before the windows that they are asked about."""

    prepared: Prepared
    shipments: pd.DataFrame
    feed: Feed
    trained: Trained
    living: LivingModel


def window_tracks(
    past: Past, start: date, days: int, policies: Sequence[AlertPolicy], outcomes: Outcomes, most: int | None = None
) -> list[Track]:
    """Return the tracks of the orders of some local days that have an outcome, at most so many, evenly spread.

    Parcels are looked at so that each of ``policies`` has its last chance.
    """
    history = past.prepared.history
    rows = orders_placed(history, epoch_day(start), epoch_day(start) + days)
    rows = rows[[str(one) in outcomes for one in history.shipment_id[rows]]]
    if most is not None and len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).astype(np.intp)]
    promised = promises(past.trained, past.prepared, rows)
    parcels = watched_parcels(past.prepared, past.shipments, promised, outcomes)
    etas = rolling_etas(past.living, past.prepared, past.feed, start, days + _UNDERWAY_DAYS)
    return tracks_of(parcels, past.feed, etas, policies)


def fit_on_window(
    past: Past,
    start: date,
    days: int,
    known_before: date,
    policy: AlertPolicy,
    most: int | None = None,
    tell: TellShare = SILENT,
) -> FittedAlerts:
    """Fit on the orders of some local days, by what was recorded before a UTC day; most promises have passed by then.

    The models of ``past`` are trained as of ``start`` or earlier.
    """
    tell("looking at parcels, for alerts")
    history = past.prepared.history
    rows = orders_placed(history, epoch_day(start), epoch_day(start) + days)
    outcomes = recorded_outcomes(history, past.feed, rows, epoch_day(known_before))
    tracks = window_tracks(past, start, days, by_lead(policy), outcomes, most)
    return fit_alerts(tracks, policy, tell)
