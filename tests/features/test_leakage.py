"""A future fact planted in every source (orders, ends, scans, weather) moves no feature of the orders before it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import hubs, loads, origins, regime
from features.assembly import ORDER_COLUMNS, Assembled, assemble, column_names
from features.columns import Column
from features.engine.scanning import read_first_scans
from features.network import hub_regions, network_of
from features.orders import EPOCH
from features.table import ParcelHistory, build_sketches, bulletins_of, parcel_history
from parcelcast.place import PlaceIndex
from parcelcast.tables import CARRIERS, FACILITIES, ORIGINS, SCANS, SHIPMENTS, WEATHER_DAILY
from pipelines.ingest.storage import conformed, write_table
from pipelines.simulator.library import small_world
from tests.features.worlds import HORIZON, check_same

Tables = dict[str, pd.DataFrame]
ENDS = {"dispatched_at": "dispatched_recorded_at", "delivered_at": "delivered_recorded_at"}
EARLY = timedelta(days=20)


@pytest.fixture(scope="module")
def world() -> Tables:
    made = small_world(5, shipments=1500, days=40, name="storms")
    tables = (SHIPMENTS, SCANS, ORIGINS, CARRIERS, FACILITIES, WEATHER_DAILY)
    return {table.name: conformed(made[table.name].to_pandas(), table) for table in tables}


@pytest.fixture(scope="module")
def now(world: Tables) -> datetime:
    """Return the start of the UTC day whose orders are the last that are compared."""
    return world["shipments"]["ordered_at"].min().normalize() + EARLY


def known_before(world: Tables, now: datetime) -> Tables:
    """Return the tables as they stood when the day began, and the orders of that day."""
    shipments = world["shipments"]
    shipments = shipments[shipments["ordered_at"] < now + timedelta(days=1)].copy()
    for happened, recorded in ENDS.items():
        unknown = ~(shipments[recorded].fillna(shipments[happened]) < now)
        shipments.loc[unknown, [happened, recorded]] = pd.NaT
    shipments.loc[~(shipments["ended_at"] < now), "ended_at"] = pd.NaT
    scans, weather = world["scans"], world["weather_daily"]
    return world | {
        "shipments": shipments,
        "scans": scans[scans["recorded_at"] < now],
        "weather_daily": weather[weather["issued_at"] < now],
    }


def planted(world: Tables, now: datetime) -> Tables:
    """Return the whole world, with tales of the past that are first told on the day, each in its own source."""
    scans = world["scans"][world["scans"]["recorded_at"] < now]
    tales = scans.assign(scan_id="tale-" + scans["scan_id"], recorded_at=now, code="delivered")
    tales["occurred_at"] -= timedelta(days=9)
    visits = scans.assign(scan_id="visit-" + scans["scan_id"], recorded_at=now, code="hub_arrival", facility_id="new")
    visits["occurred_at"] -= timedelta(days=3)
    weather = world["weather_daily"][world["weather_daily"]["issued_at"] < now]
    storms = weather.assign(issued_at=now + timedelta(hours=23, minutes=59), wind_gust_kmh=200.0, snow_mm=900.0)
    dispatched = told_late(world["shipments"], now, "dispatched_at", after=timedelta(hours=6))
    return world | {
        "shipments": told_late(dispatched, now, "delivered_at", after=timedelta(hours=30)),
        "scans": pd.concat([world["scans"], tales, visits], ignore_index=True),
        "weather_daily": pd.concat([world["weather_daily"], storms], ignore_index=True),
    }


def told_late(shipments: pd.DataFrame, now: datetime, happened: str, after: timedelta) -> pd.DataFrame:
    """Return orders of earlier days whose event was not told yet with one soon after the order, told on the day."""
    late = ~(shipments[ENDS[happened]] < now) & (shipments["ordered_at"] < now)
    assert late.any()
    changed = shipments.copy()
    changed.loc[late, happened] = changed.loc[late, "ordered_at"] + after
    changed.loc[late, ENDS[happened]] = now + timedelta(minutes=1)
    return changed


def features(tables: Tables, folder: Path) -> tuple[ParcelHistory, Assembled]:
    places = PlaceIndex.default()
    network = network_of(tables, places)
    first_scans = read_first_scans(write_table(tables["scans"], SCANS, folder))
    history = parcel_history(tables["shipments"], network, first_scans)
    until = int(history.orders.known_day.max()) + 60
    weather = bulletins_of(tables["weather_daily"], hub_regions(tables["facilities"], places))
    sketches = build_sketches(history, network, until, weather)
    return history, assemble(history.orders, sketches.rolling(), HORIZON)


def test_no_feature_of_earlier_orders_moves(world: Tables, now: datetime, tmp_path: Path):
    day = (now.date() - EPOCH).days
    (before, told), (after, moved) = (
        features(tables, tmp_path) for tables in (known_before(world, now), planted(world, now))
    )
    early, same = (np.flatnonzero(history.orders.known_day <= day) for history in (before, after))
    assert before.shipment_id[early].tolist() == after.shipment_id[same].tolist()
    check_same(told.take(early), moved.take(same))


def test_the_planted_facts_do_move_the_features_of_the_next_day(world: Tables, now: datetime, tmp_path: Path):
    """Without this the other test could hold because nothing was planted."""
    tomorrow = (now.date() - EPOCH).days + 1
    for source in ("shipments", "scans", "weather_daily"):
        mixed = world | {source: planted(world, now)[source]}
        (plain_history, plain), (history, table) = (features(tables, tmp_path) for tables in (world, mixed))
        rows, same = (np.flatnonzero(one.orders.known_day == tomorrow) for one in (plain_history, history))
        if source == "weather_daily":
            assert not np.array_equal(plain.outlook.flat()[rows], table.outlook.flat()[same], equal_nan=True)
        else:
            assert not np.array_equal(plain.static[rows], table.static[same], equal_nan=True)
        if source == "scans":
            for columns in (loads.COLUMNS, hubs.COLUMNS):
                mine = [ORDER_COLUMNS.index(column) for column in columns]
                before, after = plain.static[rows][:, mine], table.static[same][:, mine]
                assert not np.array_equal(before, after, equal_nan=True)


def test_dispatches_told_on_the_day_move_what_is_made_of_them_the_day_after(
    world: Tables, now: datetime, tmp_path: Path
):
    day = (now.date() - EPOCH).days
    late = world | {"shipments": told_late(world["shipments"], now, "dispatched_at", after=timedelta(hours=6))}
    (plain_history, plain), (history, table) = (features(tables, tmp_path) for tables in (world, late))

    def moved(columns: Sequence[Column], known_day: int) -> list[str]:
        rows, same = (np.flatnonzero(one.orders.known_day == known_day) for one in (plain_history, history))
        mine = [ORDER_COLUMNS.index(column) for column in columns]
        pairs = zip(columns, plain.static[rows][:, mine].T, table.static[same][:, mine].T, strict=True)
        return [column.name for column, before, after in pairs if not np.array_equal(before, after, equal_nan=True)]

    assert moved(ORDER_COLUMNS, day) == []
    assert moved(origins.COLUMNS, day + 1) == column_names(origins.COLUMNS)
    assert moved(regime.COLUMNS, day + 1) == column_names(regime.COLUMNS)
