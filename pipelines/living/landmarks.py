"""Features of landmarks from tables: the part of the living model's feature path that only training takes."""

from datetime import UTC, datetime

import numpy as np

from features.assembly import Histories
from features.landmarks import AssembledLandmarks, assemble_landmarks
from features.progress import Standing, Standings, standing_of
from features.table import ParcelHistory
from models.hazard import HORIZON
from parcelcast.progress import parcel_progress
from parcelcast.tracking.scan import Scan
from pipelines.living.feed import Feed
from pipelines.living.sampling import Chosen


def landmarks_of(history: ParcelHistory, feed: Feed, chosen: Chosen, histories: Histories) -> AssembledLandmarks:
    """Return the features of the chosen landmarks, each from what was recorded before its own instant."""
    orders = history.orders.take(chosen.row)
    return assemble_landmarks(orders, standings_of(history, feed, chosen), histories, HORIZON)


def standings_of(history: ParcelHistory, feed: Feed, chosen: Chosen) -> Standings:
    """Return how far the parcels had come."""
    reports = feed.reports(np.unique(chosen.row))
    ordered_at = history.ordered_at.astype("datetime64[us]")
    told = []
    for row, as_of, at in zip(chosen.row.tolist(), chosen.as_of.tolist(), ordered_at[chosen.row].tolist(), strict=True):
        told.append(_standing(history, row, reports[row], as_of.replace(tzinfo=UTC), at.replace(tzinfo=UTC)))
    return Standings.of(told)


def _standing(history: ParcelHistory, row: int, reports: list[Scan], as_of: datetime, ordered_at: datetime) -> Standing:
    orders = history.orders
    return standing_of(
        parcel_progress(reports, as_of),
        ordered_at,
        int(orders.dispatch_on[row]),
        orders.destination_country[row],
        history.destination_zone[row],
    )
