"""The counts by day of all families: from parcels to a table with all levels."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from features.engine.dimensions import Registry
from features.engine.engines import Session, unbound
from features.engine.families import FAMILIES, FAMILY, LEVEL
from features.engine.ladders import Numbers
from features.engine.lifetables import (
    CELLS,
    LIVES,
    WHEN,
    added_up,
    bound_table,
    cells,
    counts,
    lives,
    rolled_up,
    unpacked,
)
from features.engine.parcels import PARCELS, STAGE_DAYS

STAMP = {"build": "int32"}
# Where a family has this many stories, and fewer than this many parcels for each, its narrowest rows stay as they are.
MANY, SHARED = 100_000, 2
COUNTS = {"key": "int64", "day": "int32", "age": "int32", "at_risk": "int32", "ended": "int32", **STAMP}


def write_counts(
    session: Session, families: tuple[str, ...], parcels: str, days: Sequence[int], registry: Registry, folder: Path
) -> list[Path]:
    """Count the parcels of a table, by its name, on these days, in order; return the files, columns `COUNTS`.

    The folder's name is the number of the build, which each row tells.

    Counted once, on the narrowest keys; a wider level is added up from the widest narrower one that tells it, those of
    all families that are as far together. Where parcels hardly share any stories, adding them up costs more than it
    saves, and is left to who reads: there are several rows of a narrowest key, day and age then.
    """
    session.give("bound", bound_table(days[0], days[-1]))
    session.define("spells", spells_of(families, parcels))
    session.keep("lives", lives())
    keys, stories, told = (column.to_numpy() for column in session.table(_stories()).columns)
    if len(days) < days[-1] - days[0] + 1:
        session.give("wanted", pa.table({"day": pa.array(days, pa.int32())}))
        session.keep("step0", _wanted())
    elif apart := _apart(keys, stories, told):
        session.define("each", counts())
        session.keep("step0", _partly_added_up(apart))
    else:
        session.keep("step0", cells())
    steps, finer = _steps(np.sort(keys), registry)
    for number, rungs in enumerate(steps):
        session.give("rungs", rungs)
        session.keep(f"step{number + 1}", rolled_up(f"step{number}"))
    session.give("stamp", pa.table({"build": pa.array([int(folder.name)], pa.int32())}))
    return session.write_parts(_all_levels(len(steps), finer), folder)


@cache
def spells_of(families: tuple[str, ...], parcels: str) -> ibis.Table:
    """Return the spells of some families of the parcels in a table, by its name, which has the days of stages too."""
    known = unbound(parcels, {**PARCELS, **STAGE_DAYS})
    return ibis.union(*(FAMILIES[name].spells(known) for name in families))


def _steps(keys: Numbers, registry: Registry) -> tuple[list[pa.Table], tuple[int, ...]]:
    """Return for each step from narrow to wide the table `rungs`: what the keys of the step before belong to.

    Returns as well the numbers of the families whose parcels have finer keys than the narrowest level: to tell the
    wider levels, the first step needs them, and only it.
    """
    steps: list[list[tuple[Numbers, Numbers]]] = []
    finer = []
    for family in FAMILIES.values():
        mine = keys[keys // FAMILY == family.number]
        told = [(0, mine)]
        for level, numbers in reversed(list(enumerate(family.rungs(mine % LEVEL, registry)))):
            wider = family.keys(level, numbers)
            if np.array_equal(mine, wider):
                continue
            if level == family.levels - 1:
                finer.append(family.number)
            step, narrow = next((step, narrow) for step, narrow in reversed(told) if _tells(narrow, wider))
            if step == len(steps):
                steps.append([])
            once = np.unique(narrow, return_index=True)[1]
            steps[step].append((narrow[once], wider[once]))
            told.append((step + 1, wider))
    tables = [[np.concatenate(column) for column in zip(*pairs, strict=True)] for pairs in steps]
    return [pa.table({"key": key, "wider": wider}) for key, wider in tables], tuple(finer)


def _tells(narrow: Numbers, wide: Numbers) -> bool:
    """Tell whether each key of one level belongs to one key of another."""
    _, once, which = np.unique(narrow, return_index=True, return_inverse=True)
    return bool(np.array_equal(wide[once][which], wide))


def _apart(keys: Numbers, stories: Numbers, parcels: Numbers) -> tuple[int, ...]:
    """Return the numbers of the families whose rows are as good as added up, from the stories and parcels of keys."""
    apart = []
    for family in FAMILIES.values():
        mine = keys // FAMILY == family.number
        different = stories[mine].sum()
        if different >= MANY and parcels[mine].sum() < SHARED * different:
            apart.append(family.number)
    return tuple(apart)


@cache
def _partly_added_up(apart: tuple[int, ...]) -> ibis.Table:
    """Return the rows of table `each`, added up but those of some families."""
    each = unbound("each", CELLS)
    alone = [each.key.between(number * FAMILY, (number + 1) * FAMILY - 1) for number in apart]
    return ibis.union(each.filter(ibis.or_(*alone)), added_up(each.filter(~ibis.or_(*alone))))


@cache
def _stories() -> ibis.Table:
    lives = unbound("lives", LIVES)
    return lives.group_by("key").agg(stories=lives.count(), parcels=lives.parcels.cast("float64").sum().cast("int64"))


@cache
def _wanted() -> ibis.Table:
    counted, wanted = cells(), unbound("wanted", {"day": "int32"})
    return counted.semi_join(wanted, (counted.when // WHEN).cast("int32") == wanted.day)


@cache
def _all_levels(steps: int, finer: tuple[int, ...]) -> ibis.Table:
    first = unbound("step0", CELLS)
    if finer:
        first = first.filter((first.key // FAMILY).notin(finer))
    every = ibis.union(first, *(unbound(f"step{step}", CELLS) for step in range(1, steps + 1)))
    return unpacked(every).mutate(build=unbound("stamp", STAMP).build.max().as_scalar()).select(*COUNTS)
