"""From tables to the living model."""

from pathlib import Path

import numpy as np

from features.sketches import UNKNOWN
from models.living.model import LivingModel
from models.living.training import Landmarks, LivingParameters, train_living
from models.training import orders_between, thinned
from parcelcast.errors import InputError
from parcelcast.tables import SHIPMENTS
from pipelines.ingest.storage import load_table
from pipelines.living.feed import Feed, Rows, feed_of, read_scans
from pipelines.living.handover import handovers
from pipelines.living.landmarks import landmarks_of
from pipelines.living.sampling import sample_landmarks
from pipelines.preparation import Prepared
from pipelines.progress import SILENT, TellShare

# The landmarks of one parcel tell much the same; more of them on average cost time and teach nothing.
_MOST_EACH = 2
# One in so many of the newest handovers is learned from.
_ONE_IN = 5


def train_on_tables(
    prepared: Prepared, validated: Path, as_of: int, parameters: LivingParameters, tell: TellShare = SILENT
) -> LivingModel:
    """Train as of UTC day `as_of` on the canonical shipments and scans in a folder."""
    tell("reading scans")
    feed = feed_of(prepared.history, load_table(validated, SHIPMENTS), read_scans(validated))
    return train_on_feed(prepared, feed, as_of, parameters, tell)


def train_on_feed(
    prepared: Prepared, feed: Feed, as_of: int, parameters: LivingParameters, tell: TellShare = SILENT
) -> LivingModel:
    """Train as of UTC day `as_of` on what was reported of the parcels."""
    tell("looking at parcels on their way")
    landmarks = _landmarks(prepared, feed, as_of, parameters)
    handed_over = _handovers(prepared, feed, as_of, parameters)
    return train_living(prepared.history, landmarks, handed_over, as_of, parameters, tell)


def _landmarks(prepared: Prepared, feed: Feed, as_of: int, parameters: LivingParameters) -> Landmarks:
    rows = orders_between(prepared.history, None, as_of)[-parameters.most_orders :]
    count = min(parameters.landmarks, _MOST_EACH * len(rows))
    found = sampled_landmarks(prepared, feed, rows, as_of, count, parameters.seed)
    if found is None:
        raise InputError(
            f"no instant was sampled of {len(rows)} orders; expected more of them, or more living.landmarks"
        )
    return found


def sampled_landmarks(
    prepared: Prepared, feed: Feed, rows: Rows, until: int, count: int, seed: int
) -> Landmarks | None:
    """Return about `count` landmarks of these parcels before UTC day `until`; None where none was sampled."""
    chosen = sample_landmarks(prepared.history, feed, rows, until, count, seed)
    if len(chosen.row) == 0:
        return None
    return Landmarks(chosen.row, landmarks_of(prepared.history, feed, chosen, prepared.sketches.rolling()))


def _handovers(prepared: Prepared, feed: Feed, as_of: int, parameters: LivingParameters) -> Landmarks | None:
    """Return the landmarks right after the handovers that were known before UTC day `as_of`, in that order, if any."""
    if parameters.handovers == 0:
        return None
    known = prepared.history.dispatched_known
    before = np.flatnonzero((known != UNKNOWN) & (known < as_of) & ~np.isnat(feed.dispatched))
    if len(before) == 0:
        return None
    newest = before[np.argsort(feed.dispatched_recorded[before], kind="stable")][-_ONE_IN * parameters.handovers :]
    return handovers(prepared, feed, thinned(newest, parameters.handovers))
