"""Sketches from daily tables on disk: what training and the bundle read."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from features.engine.counting import COUNTS
from features.engine.dimensions import Registry
from features.engine.duck import DuckDB
from features.engine.engines import Session, unbound
from features.engine.families import FAMILIES, LEVEL, Family
from features.engine.lifetables import RUNGS
from features.engine.store import read_manifest
from features.opendays import EVERY_DAY
from features.sketches import Level, Sketch
from features.table import Sketches
from features.weather import NO_BULLETINS, Bulletins
from parcelcast.errors import DataError

_HELD = {"day": "int32", "build": "int32"}


def read_sketches(store: Path, weekdays: Mapping[str, frozenset[int]], weather: Bulletins = NO_BULLETINS) -> Sketches:
    """Read all families; those that were not counted are empty. DataError where nothing was built.

    `weekdays` are those on which each carrier delivers, by its id; one that is not told delivers on all.

    Keys that never counted anything are absent, which makes no difference to any history.
    """
    manifest = read_manifest(store)
    if manifest is None:
        raise DataError("there are no daily tables here", file=str(store), remedy="run ./run featurize first")
    registry = Registry.from_dict(manifest.registry)
    with DuckDB().session() as session:
        session.give("files", [store / file for files in manifest.counts.values() for file in files])
        held = zip(*manifest.days.items(), strict=True)
        session.give(
            "held", pa.table({name: pa.array(values, pa.int32()) for name, values in zip(_HELD, held, strict=True)})
        )
        session.keep("counts", _counts())
        sketches = {
            name: Sketch(tuple([_level(session, family, level, registry) for level in range(family.levels)]))
            for name, family in FAMILIES.items()
        }
    by_service = {"/".join(name): weekdays.get(name[0], EVERY_DAY) for name in registry.services.names}
    return Sketches(**sketches, weekdays=by_service, weather=weather)


def _level(session: Session, family: Family, level: int, registry: Registry) -> Level:
    first = family.keys(level, 0)
    keys = session.table(_keys(first))["key"].to_numpy()
    named = family.names(level, keys % LEVEL, registry)
    names = sorted(named)
    rank = {name: code for code, name in enumerate(names)}
    codes = np.array([rank[name] for name in named], dtype=np.int64)
    session.give("rungs", pa.table({"key": keys, "wider": codes}))
    rows = session.table(_ranked(first))
    columns = {name: rows[name].to_numpy() for name in ("day", "key", "age", "at_risk", "ended")}
    return Level(
        tuple(names),
        columns["day"],
        columns["key"].astype(np.int32),
        columns["age"].astype(np.int16),
        columns["at_risk"],
        columns["ended"],
    )


@cache
def _counts() -> ibis.Table:
    """Return the counts of each day as the build that holds for it tells them."""
    return unbound("files", COUNTS).semi_join(unbound("held", _HELD), list(_HELD))


@cache
def _keys(first: int) -> ibis.Table:
    return _of_level(first).select("key").distinct()


@cache
def _ranked(first: int) -> ibis.Table:
    counts, rungs = _of_level(first), unbound("rungs", RUNGS)
    ranked = counts.join(rungs, "key").select("day", "age", "at_risk", "ended", key="wider")
    return ranked.order_by("day", "key", "age")


def _of_level(first: int) -> ibis.Table:
    """Return the counts of the level whose keys begin at a number."""
    counts = unbound("counts", COUNTS)
    return counts.filter((counts.key >= first) & (counts.key < first + LEVEL))
