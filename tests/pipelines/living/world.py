"""A small simulated world, ready for the living model."""

from dataclasses import dataclass
from functools import lru_cache

import lightgbm
import numpy as np
import pandas as pd

from features.assembly import column_names
from features.landmarks import AssembledLandmarks
from models.living.loss import fit_loss
from models.living.model import LivingModel
from models.living.training import LivingParameters
from parcelcast.place import PlaceIndex
from pipelines.ingest.storage import STORED, conformed
from pipelines.living.feed import Feed, feed_of
from pipelines.living.training import train_on_feed
from pipelines.preparation import Prepared, last_known_day, prepare
from pipelines.simulator.config import SimulationConfig
from pipelines.simulator.library import small_config, small_world

CONFIG: SimulationConfig = small_config(11, shipments=2500, days=60)
QUICK = LivingParameters(rounds=15, learning_rate=0.2, leaves=7, smallest_leaf=50, landmarks=4000, calibration_days=15)


@dataclass(frozen=True)
class World:
    prepared: Prepared
    feed: Feed
    shipments: pd.DataFrame
    truth: pd.DataFrame
    today: int


@lru_cache(maxsize=1)
def world() -> World:
    made = small_world(11, shipments=2500, days=60)
    names = ("shipments", "origins", "carriers", "scans")
    tables = {name: conformed(made[name].to_pandas(), STORED[name]) for name in names}
    prepared = prepare({name: tables[name] for name in names[:3]}, PlaceIndex.default())
    feed = feed_of(prepared.history, tables["shipments"], tables["scans"])
    return World(prepared, feed, tables["shipments"], made["truth"].to_pandas(), last_known_day(prepared.history) + 1)


@lru_cache(maxsize=1)
def living(days_ago: int = 20) -> LivingModel:
    """Trained as of a day so long before the last."""
    made = world()
    return train_on_feed(made.prepared, made.feed, made.today - days_ago, QUICK)


def doubting(column: str) -> lightgbm.Booster:
    """Return a booster that takes parcels for lost where one of its columns is above 1, and else does not."""
    columns = AssembledLandmarks.parcel_columns()
    known = np.zeros((2000, len(columns)))
    known[::3, column_names(columns).index(column)] = 2.0
    booster = fit_loss(known, known.any(axis=1), seed=0)
    assert booster is not None
    return booster
