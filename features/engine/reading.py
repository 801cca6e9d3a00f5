"""Sketches from daily tables on disk: what training and the bundle read."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from features.engine.counting import COUNTS
from features.engine.dimensions import Registry
from features.engine.duck import DuckDB
from features.engine.engines import Session, unbound
from features.engine.families import FAMILIES, Family
from features.engine.lifetables import CELLS
from features.engine.store import read_manifest
from features.sketches import Level, Sketch
from features.table import Sketches
from features.weather import NO_BULLETINS, Bulletins
from parcelcast.errors import DataError

_RUNGS = {"key": "int64", "wider": "int64"}


def read_sketches(store: Path, weather: Bulletins = NO_BULLETINS) -> Sketches:
    """Read all families; those that were not counted are empty. DataError where nothing was built.

    Keys that never counted anything are absent, which makes no difference to any history.
    """
    manifest = read_manifest(store)
    if manifest is None:
        raise DataError("there are no daily tables here", file=str(store), remedy="run ./run featurize first")
    registry = Registry.from_dict(manifest.registry)
    files = {name: [store / file for file in manifest.tables.get(name, {}).values()] for name in FAMILIES}
    sketches = {name: read_sketch(FAMILIES[name], paths, registry) for name, paths in files.items()}
    return Sketches(**sketches, weather=weather)


def read_sketch(family: Family, files: Sequence[Path], registry: Registry) -> Sketch:
    """Read one family's counts from its files."""
    levels = range(len(family.rungs(np.array([], dtype=np.int64), registry)))
    with DuckDB().session() as session:
        if not files:
            nothing = {name: np.array([], dtype=kind) for name, kind in COUNTS.items()}
            session.give("counts", pa.table(nothing))
        else:
            session.give("counts", files)
        return Sketch(tuple([_level(session, family, level, registry) for level in levels]))


def _level(session: Session, family: Family, level: int, registry: Registry) -> Level:
    keys = session.table(_keys(level))["key"].to_numpy()
    named = family.names(level, keys, registry)
    names = sorted(named)
    rank = {name: code for code, name in enumerate(names)}
    codes = np.array([rank[name] for name in named], dtype=np.int64)
    session.give("rungs", pa.table({"key": keys, "wider": codes}))
    rows = session.table(_ranked(level))
    columns = {name: rows[name].to_numpy() for name in CELLS}
    return Level(
        tuple(names),
        columns["day"],
        columns["key"].astype(np.int32),
        columns["age"].astype(np.int16),
        columns["at_risk"],
        columns["ended"],
    )


@cache
def _keys(level: int) -> ibis.Table:
    counts = unbound("counts", COUNTS)
    return counts.filter(counts.level == level).select("key").distinct()


@cache
def _ranked(level: int) -> ibis.Table:
    counts, rungs = unbound("counts", COUNTS), unbound("rungs", _RUNGS)
    mine = counts.filter(counts.level == level).join(rungs, "key")
    mine = mine.select("day", "age", "at_risk", "ended", key="wider")
    return mine.order_by("day", "key", "age")
