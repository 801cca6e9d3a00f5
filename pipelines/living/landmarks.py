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
    reports = feed.reports(np.unique(chosen.row))
    asked = zip(chosen.row.tolist(), chosen.as_of.tolist(), strict=True)
    standings = Standings.of(
        [standing_at(history, row, reports[row], as_of.replace(tzinfo=UTC)) for row, as_of in asked]
    )
    return assemble_landmarks(history.orders.take(chosen.row), standings, histories, HORIZON)


def standing_at(history: ParcelHistory, row: int, reports: list[Scan], as_of: datetime) -> Standing:
    """Return how far the parcel of a row had come by those of its reports that were recorded before an instant."""
    ordered_at: datetime = history.ordered_at[row].astype("datetime64[us]").astype(object)
    return standing_of(
        parcel_progress(reports, as_of),
        ordered_at.replace(tzinfo=UTC),
        int(history.orders.dispatch_on[row]),
        history.orders.destination_country[row],
        history.destination_zone[row],
    )
