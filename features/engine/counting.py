"""One family's counts by day: from parcels to a table with all levels."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from features.engine.dimensions import Registry
from features.engine.engines import Session, unbound
from features.engine.families import FAMILIES, Family
from features.engine.ladders import Numbers
from features.engine.lifetables import CELLS, cells, rolled_up
from features.engine.parcels import PARCELS

# One row per level (0 is the widest), key on that level, UTC day and age.
COUNTS = {"level": "int32", **CELLS}


def days_table(days: Sequence[int]) -> pa.Table:
    """Return the table `wanted`: the days to be counted."""
    return pa.table({"day": pa.array(days, pa.int32())})


def write_counts(session: Session, family: Family, parcels: str, registry: Registry, folder: Path) -> dict[int, Path]:
    """Count the parcels of a table, by its name, on the days of table `wanted`; return the files by day.

    Counted once, on the narrowest keys; a wider level is added up from the next narrower one that tells it.
    """
    session.define("spells", spells_of(family.name, parcels))
    session.keep("cells", _narrow())
    keys = session.table(unbound("cells", CELLS).select("key").distinct())["key"].to_numpy()
    known, levels = {"cells": keys}, []
    for level, rungs in reversed(list(enumerate(family.rungs(keys, registry)))):
        source = next(name for name in reversed(known) if _tells(known[name], rungs))
        if not np.array_equal(known[source], rungs):
            once = np.unique(known[source], return_index=True)[1]
            session.give("rungs", pa.table({"key": known[source][once], "wider": rungs[once]}))
            source, narrower = f"level{level}", source
            session.keep(source, rolled_up(narrower))
            known[source] = rungs
        levels.append(source)
    return session.write_days(_all_levels(tuple(reversed(levels))), folder)


def _tells(narrow: Numbers, wide: Numbers) -> bool:
    """Tell whether each key of one level belongs to one key of another."""
    pairs = np.unique(np.stack([narrow, wide]), axis=1).shape[1]
    return bool(pairs == len(np.unique(narrow)))


@cache
def spells_of(family: str, parcels: str) -> ibis.Table:
    """Return a family's spells of the parcels in a table, by its name."""
    return FAMILIES[family].spells(unbound(parcels, PARCELS))


@cache
def _narrow() -> ibis.Table:
    return cells().semi_join(unbound("wanted", {"day": "int32"}), "day")


@cache
def _all_levels(names: tuple[str, ...]) -> ibis.Table:
    parts = [unbound(name, CELLS).mutate(level=ibis.literal(level, "int32")) for level, name in enumerate(names)]
    return ibis.union(*parts).select(*COUNTS)
