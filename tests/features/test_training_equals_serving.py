"""The property that everything else rests on: a request has the features that training sees for the same instant."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from features.engine.scanning import read_first_scans
from features.network import network_of
from features.table import Network, build_sketches, parcel_history
from parcelcast.place import PlaceIndex
from parcelcast.tables import CARRIERS, ORIGINS, SHIPMENTS
from pipelines.ingest.storage import conformed
from pipelines.simulator.library import small_world
from tests.features.worlds import (
    NETWORK,
    check_same,
    history_of,
    known_before,
    live,
    live_features,
    rows_of_worlds,
    shipment,
    sketches_of,
    training_table,
)


def check_equal_on_each_day(rows: list[dict[str, Any]]) -> None:
    """Hold the orders of each day in the training table against the same orders as requests.

    The requests of the last day are answered twice: from sketches of the whole table, and of what was known that day.
    """
    history = history_of(rows)
    table = training_table(history)
    row_of = {row["shipment_id"]: row for row in rows}
    days = np.unique(history.orders.known_day).tolist()
    everything = build_sketches(history, NETWORK, days[-1] + 40)
    for today in days:
        mine = np.flatnonzero(history.orders.known_day == today)
        requests = [live(row_of[shipment_id]) for shipment_id in history.shipment_id[mine]]
        trained = table.take(mine)
        check_same(trained, live_features(requests, everything.snapshot(today)))
    if before := known_before(rows, today):
        check_same(trained, live_features(requests, sketches_of(before, today - 1).snapshot(today)))


@settings(max_examples=25)
@given(rows_of_worlds(most=12))
def test_a_request_has_the_features_of_the_training_table(rows: list[dict[str, Any]]):
    check_equal_on_each_day(rows)


def test_a_missing_side_leaves_volume_and_longest_side_unknown_on_both_paths():
    rows = [
        shipment(1, "2026-03-10 09:00", length_mm=100.0, height_mm=30.0),
        shipment(2, "2026-03-10 09:00", width_mm=100.0, height_mm=30.0),
    ]
    check_equal_on_each_day(rows)


def test_orders_around_midnights_and_clock_changes_fall_on_the_same_day_on_both_paths():
    times = ("2026-03-08 06:59", "2026-03-08 10:00", "2026-03-28 22:59", "2026-03-28 23:00", "2026-03-29 00:59",
             "2026-03-29 01:00", "2026-03-29 02:59", "2026-03-29 09:59", "2026-03-29 10:00")  # fmt: skip
    rows = [
        shipment(number, time, origin, to)
        for number, time in enumerate(times)
        for origin in ("leipzig", "waikiki", "santos")
        for to in (("DE", "80331"), ("KI", "1"), ("US", "96801"), ("BR", "01310100"))
    ]
    for number, row in enumerate(rows):
        row["shipment_id"] = f"p{number}"
    check_equal_on_each_day(rows)


def test_many_requests_at_once_have_the_features_of_each_alone():
    rows = [
        shipment(number, f"2026-03-1{number % 5} 1{number % 9}:00", delivered_at=f"2026-03-2{number % 7} 12:00")
        for number in range(20)
    ]
    histories = sketches_of(rows, int(history_of(rows).orders.known_day.max()) + 20).snapshot(20540)
    requests = [live(row) for row in rows]
    together = live_features(requests, histories)
    for number, request in enumerate(requests):
        check_same(live_features([request], histories), together.take(np.array([number])))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Network, pd.DataFrame]:
    world = small_world(11, shipments=2500, days=45)
    tables = {table.name: conformed(world[table.name].to_pandas(), table) for table in (SHIPMENTS, ORIGINS, CARRIERS)}
    scans = tmp_path_factory.mktemp("scans") / "scans.parquet"
    pq.write_table(world["scans"], scans)
    return tables["shipments"], network_of(tables, PlaceIndex.default()), read_first_scans(scans)


def test_requests_of_a_simulated_week_have_the_features_of_the_training_table(
    simulated: tuple[pd.DataFrame, Network, pd.DataFrame],
):
    frame, network, first_scans = simulated
    history = parcel_history(frame, network, first_scans)
    table = training_table(history, network)
    days = np.unique(history.orders.known_day)
    sketches = build_sketches(history, network, int(days[-1]))
    rows = frame.astype(object).where(frame.notna(), None).set_index("shipment_id", drop=False)
    for today in days[20:27].tolist():
        mine = np.flatnonzero(history.orders.known_day == today)
        requests = [
            live({**row, "ordered_at": row["ordered_at"].to_pydatetime()}, network)
            for row in rows.loc[history.shipment_id[mine]].to_dict("records")
        ]
        check_same(table.take(mine), live_features(requests, sketches.snapshot(today), network))
