"""Parcels of odd time zones and calendars, counted from table rows by DuckDB, by arrays, and by plain pandas."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features import hubs, lanes, origins
from features.engine.daily import Batch, build
from features.engine.dimensions import Registry, facility_table
from features.engine.duck import DuckDB
from features.engine.families import FAMILIES as ALL_FAMILIES
from features.table import build_sketches
from parcelcast.errors import DataError
from pipelines.featurebench.plain import plain_counts
from tests.features.engine.stores import (
    arrow_of,
    batch_of,
    check_same,
    counts,
    known_by,
    levels_of,
    scans_of,
    sketches_of_arrays,
    sketches_of_store,
)
from tests.features.test_loads import worlds
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


@settings(max_examples=6, deadline=None)
@given(worlds(), st.integers(0, 40))
def test_scans_in_any_order_count_the_same_at_once_in_two_batches_and_in_arrays(world, days):
    """Of three hubs two are told of, whichever batch brings them."""
    rows, scans = world
    # What a batch tells of parcels that were not announced yet is left out.
    announced = {row["shipment_id"]: row["ordered_at"] for row in rows}
    scans = [one for one in scans if one["recorded_at"] >= announced.get(one["shipment_id"], one["recorded_at"])]
    until, middle = day("2026-05-10"), day("2026-03-05") + days
    tables = {"shipments": arrow_of(frame_of(rows)), "scans": scans_of(scans)}
    early = known_by(tables, middle)
    assume(scans and early["shipments"].num_rows)
    expected = levels_of(sketches_of_arrays(tables, NETWORK, until), list(ALL_FAMILIES))
    with TemporaryDirectory() as folder:
        whole, parts = Path(folder, "whole"), Path(folder, "parts")
        build(whole, Batch(tables["shipments"], tables["scans"], until), NETWORK, DuckDB())
        check_same(sketches_of_store(whole), expected)
        build(parts, Batch(early["shipments"], early["scans"], middle), NETWORK, DuckDB())
        build(parts, batch_of(tables, middle + 1, until), NETWORK, DuckDB())
        check_same(sketches_of_store(parts), expected)


def test_more_hubs_than_numbers_are_refused(monkeypatch):
    monkeypatch.setattr(hubs, "MOST_HUBS", 2)
    registry = Registry()
    assert facility_table(["north", "south"], registry).num_rows == 2
    with pytest.raises(DataError, match=r"scans, column facility_id: 3 different hubs; expected at most 2"):
        facility_table(["east"], registry)
