"""Life tables by DuckDB against the arrays of `features.sketches`, which have a slow oracle of their own."""

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from features.engine.duck import DuckDB
from features.engine.engines import unbound
from features.engine.lifetables import BASES, CELLS, ENDED, WHEN, bound_table, cells, lives, unpacked
from features.engine.opening import OpenDayTables
from features.opendays import OpenDays
from features.sketches import UNKNOWN, Spells, build_sketch
from tests.features.oracles import Parcel
from tests.features.test_sketches import MONDAY, parcels_of_worlds

Counts = Counter[tuple[str, int, int, int, int]]


def spells_of(parcels: list[Parcel], until: int) -> Spells:
    ends = [(UNKNOWN, UNKNOWN) if one.end is None else (one.end, one.ended_known or one.end) for one in parcels]
    first = min(parcel.start for parcel in parcels) - 1
    return Spells(
        np.array([parcel.start for parcel in parcels], dtype=np.int64),
        np.array([parcel.begin_known for parcel in parcels], dtype=np.int64),
        np.array([end for end, _ in ends], dtype=np.int64),
        np.array([known for _, known in ends], dtype=np.int64),
        OpenDays.of([parcel.calendar for parcel in parcels], first, until + 10),
    )


def counted_by_duckdb(parcels: list[Parcel], since: int, until: int) -> Counts:
    spells, first = spells_of(parcels, until), min(parcel.start for parcel in parcels) - 1
    opened = OpenDayTables.of(spells.opendays, first, until)
    facts = {"key": np.array([ord(one.key) for one in parcels]), "calendar": spells.opendays.code.astype(np.int32)}
    days = {name: getattr(spells, name).astype(np.int32) for name in ("start", "started_known", "end", "ended_known")}
    with DuckDB().session() as session:
        session.give("spells", pa.table({**facts, **days}))
        numbers = np.arange(len(opened.base), dtype=np.int32)
        bases = (numbers, opened.base, opened.last_open, np.full(len(numbers), first, dtype=np.int32))
        session.give("bases", pa.table(dict(zip(BASES, bases, strict=True))))
        session.give("days", opened.days)
        session.give("slots", opened.slots)
        session.give("bound", bound_table(since, until))
        session.keep("lives", lives())
        rows = session.table(unpacked(cells())).to_pylist()
    return Counter((chr(row["key"]), row["day"], row["age"], row["at_risk"], row["ended"]) for row in rows)


def counted_by_arrays(parcels: list[Parcel], since: int, until: int) -> Counts:
    keys = np.array([one.key for one in parcels], dtype=object)
    (level,) = build_sketch(spells_of(parcels, until), [keys], until).levels
    rows = zip(level.code.tolist(), level.day, level.age, level.at_risk, level.ended, strict=True)
    return Counter(
        (level.keys[code], int(day), int(age), int(n), int(e)) for code, day, age, n, e in rows if day >= since
    )


@settings(max_examples=25, deadline=None)
@given(parcels_of_worlds(), st.integers(0, 30) | st.integers(92, 120), st.integers(0, 40))
def test_every_span_of_days_is_counted_as_by_the_arrays(parcels: list[Parcel], days: int, before: int):
    until = MONDAY + days
    since = max(until - before, min(parcel.start for parcel in parcels) - 1)
    if since <= until:
        assert counted_by_duckdb(parcels, since, until) == counted_by_arrays(parcels, since, until)


@settings(max_examples=25, deadline=None)
@given(st.integers(1 - ENDED // 2, ENDED // 2 - 1), st.integers(0, ENDED // 2 - 1), st.integers(0, 40_000))
def test_a_packed_count_is_read_as_it_was_packed(at_risk: int, ended: int, day: int):
    row = {"key": [1], "when": [day * WHEN + 90], "counts": [at_risk + ended * ENDED]}
    types = {"key": pa.int64(), "when": pa.int32(), "counts": pa.int64()}
    with DuckDB().session() as session:
        session.give("packed", pa.table({name: pa.array(row[name], kind) for name, kind in types.items()}))
        (found,) = session.table(unpacked(unbound("packed", CELLS))).to_pylist()
    assert found == {"key": 1, "day": day, "age": 90, "at_risk": at_risk, "ended": ended}
