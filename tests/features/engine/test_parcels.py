"""Parcels of odd time zones and calendars, counted from table rows by DuckDB, by arrays, and by plain pandas."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings

from features import lanes, origins
from features.engine.daily import Batch, build
from features.engine.duck import DuckDB
from features.table import build_sketches
from pipelines.featurebench.plain import plain_counts
from tests.features.engine.stores import arrow_of, check_same, counts, levels_of, sketches_of_store
from tests.features.worlds import NETWORK, day, frame_of, history_of, rows_of_worlds

FAMILIES = ("lead", "handling")


@settings(max_examples=8, deadline=None)
@given(rows_of_worlds())
def test_the_engine_the_arrays_and_plain_pandas_count_the_same(rows: list[dict[str, Any]]):
    until = day("2026-04-20")
    sketches = build_sketches(history_of(rows), NETWORK, until)
    with TemporaryDirectory() as folder:
        build(Path(folder), Batch(arrow_of(frame_of(rows)), until=until), NETWORK, DuckDB())
        check_same(sketches_of_store(Path(folder)), levels_of(sketches, FAMILIES))
    plain = plain_counts(frame_of(rows), NETWORK, until)
    for family, names in (("lead", lanes.LEVELS), ("handling", origins.LEVELS)):
        for name, level in zip(names, getattr(sketches, family).levels, strict=True):
            rows_of_level = plain[family, name].itertuples(index=False)
            assert {(row.key, row.day, row.age): (row.at_risk, row.ended) for row in rows_of_level} == counts(level)
