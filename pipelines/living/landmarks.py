"""Features of landmarks from tables: the part of the living model's feature path that only training takes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from features.assembly import Histories
from features.landmarks import AssembledLandmarks, assemble_landmarks
from features.progress import Standing, Standings, standing_of
from features.table import ParcelHistory
from models.hazard import HORIZON
from parcelcast.peers import cohort_of
from parcelcast.progress import Progress, parcel_progress
from parcelcast.tracking.scan import Scan
from pipelines.living.feed import Feed
from pipelines.living.peers import PastPeers
from pipelines.living.sampling import Chosen


def landmarks_of(history: ParcelHistory, feed: Feed, chosen: Chosen, histories: Histories) -> AssembledLandmarks:
    """Return the features of the chosen landmarks, each from what was recorded before its own instant."""
    reports = feed.reports(np.unique(chosen.row))
    standings = standings_at(history, reports, chosen, feed.peers)
    return assemble_landmarks(history.orders.take(chosen.row), standings, histories, HORIZON)


def standings_at(
    history: ParcelHistory, reports: Mapping[int, Sequence[Scan]], chosen: Chosen, peers: PastPeers | None
) -> Standings:
    """Return how far parcels had come by those of their `reports` (by row) that were recorded before their instants."""
    standings, cohorts = [], []
    for row, as_of in zip(chosen.row.tolist(), chosen.as_of.tolist(), strict=True):
        progress = parcel_progress(reports[row], as_of.replace(tzinfo=UTC))
        standings.append(_standing(history, row, progress))
        cohorts.append(cohort_of(progress))
    found = Standings.of(standings)
    return found if peers is None else found.beside(peers.counted(cohorts, chosen.as_of))


def _standing(history: ParcelHistory, row: int, progress: Progress) -> Standing:
    ordered_at: datetime = history.ordered_at[row].astype("datetime64[us]").astype(object)
    return standing_of(
        progress,
        ordered_at.replace(tzinfo=UTC),
        int(history.orders.dispatch_on[row]),
        history.orders.destination_country[row],
        history.destination_zone[row],
    )
