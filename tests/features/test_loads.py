"""Carrier load from scans: first scans by DuckDB, columns by the life tables, both against loops over the scans."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import loads
from features.assembly import ORDER_COLUMNS, column_names
from features.loads import COLUMNS, STAGES
from features.orders import epoch_day
from features.table import build_sketches
from parcelcast.scan import CODES
from tests.features.oracles import Parcel, slow_pace
from tests.features.test_point_in_time import delivery, utc_day
from tests.features.worlds import (
    NETWORK,
    check_same,
    day,
    first_scans_of,
    history_of,
    instant,
    live,
    live_features,
    rows_of_worlds,
    scan,
    shipment,
    training_table,
)

Row = Mapping[str, Any]
NAMES = column_names(COLUMNS)
BEGIN = instant("2026-03-07 00:00")

# Hubs more often than other places, so that parcels pass several of them.
CODES_TOLD = st.sampled_from([*CODES, *["hub_arrival", "hub_departure"] * 6])
FACILITIES = st.sampled_from([None, "west", "mitte", "ost"])
minutes = st.integers(0, 30 * 24 * 60).map(lambda after: BEGIN + timedelta(minutes=after))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Orders, and scans of them in any order, late, with gaps, at some hub, and of parcels that nobody ordered."""
    rows = draw(rows_of_worlds(fewest=2, most=8))
    told = st.tuples(st.integers(0, len(rows)), CODES_TOLD, minutes, st.none() | minutes, FACILITIES)
    scans = [
        scan(n, code, at, max(at, known or at), hub) for n, code, at, known, hub in draw(st.lists(told, max_size=30))
    ]
    offsets = draw(st.lists(st.sampled_from([None, 0, 60, -600, 840]), min_size=len(scans), max_size=len(scans)))
    return rows, [one | {"utc_offset_min": offset} for one, offset in zip(scans, offsets, strict=True)]


def stage(scans: Sequence[Row], shipment_id: str, codes: frozenset[str]) -> tuple[int, int] | None:
    """Return record and local day of the scan that told first that a parcel had come so far."""
    days = []
    for one in scans:
        if one["shipment_id"] == shipment_id and one["code"] in codes:
            local = one["occurred_at"] + timedelta(minutes=one.get("utc_offset_min") or 0)
            days.append((utc_day(one["recorded_at"]), utc_day(local)))
    return min(days, default=None)


def leg(row: Row, scans: Sequence[Row], start: str, end: str, first: int) -> Parcel | None:
    begun, ended = (stage(scans, row["shipment_id"], STAGES[name]) for name in (start, end))
    if begun is None:
        return None
    if (at := row.get("delivered_at")) is not None:
        local = at.astimezone(ZoneInfo(live(row).destination.time_zone)).date()
        known = utc_day(row.get("delivered_recorded_at") or at)
        if ended is None or known < ended[0]:
            ended = known, epoch_day(local)
    known, on = ended or (None, None)
    whole = delivery(row)
    return Parcel(max(begun[1], first), on, begun[0], known, whole.calendar, cancelled=whole.cancelled)


def there(row: Row) -> list[str]:
    place = live(row).destination
    country = f"{row.get('carrier') or ''} {place.country}"
    narrow = (f"{country}-{place.region or ''}", f"{country} {place.postal_code[:2]}")
    return ["*", row.get("carrier") or "", country, *narrow]


def here(row: Row) -> list[str]:
    place = live(row).origin.place
    return ["*", row.get("carrier") or "", f"{row.get('carrier') or ''} {place.country}-{place.region or ''}"]


def slow_features(rows: Sequence[Row], scans: Sequence[Row], asked: Row) -> list[float]:
    """Return `COLUMNS` of an order."""
    found = {}
    first = min(utc_day(row["ordered_at"]) for row in rows) - 1
    for name, start, end, keys_of in (
        ("depot", "depot", "out", there),
        ("region", "depot", "out", lambda row: there(row)[:4]),
        ("haul", "departed", "depot", lambda row: there(row)[:4]),
        ("departure", "handed", "departed", here),
    ):
        legs = [(keys_of(row), one) for row in rows if (one := leg(row, scans, start, end, first))]
        for window, usual in ((3, 120), (7, 120), (7, 28)):
            today = utc_day(asked["ordered_at"])
            found[name, window, usual] = slow_pace(legs, keys_of(asked), today, window, usual)
    return [
        found["depot", 3, 120][0],
        found["depot", 7, 120][0],
        found["region", 7, 28][1],
        *(found[name, 7, usual][which] for name in ("haul", "departure") for which, usual in enumerate((120, 28))),
    ]


def load_columns(table: Any) -> np.ndarray:
    names = column_names(ORDER_COLUMNS)
    return table.static[:, [names.index(name) for name in NAMES]]


@settings(max_examples=10)
@given(worlds())
def test_first_scans_are_those_that_a_loop_finds(world):
    rows, scans = world
    history = history_of(rows, scans=scans)
    for number, shipment_id in enumerate(history.shipment_id):
        for name, codes in STAGES.items():
            found = tuple(int(days[number]) for days in history.scanned[name])
            known, on = stage(scans, shipment_id, codes) or (-1, -1)
            assert found == (on, known)


@settings(max_examples=10)
@given(worlds())
def test_the_columns_equal_the_hand_written_join(world):
    rows, scans = world
    by_id = {row["shipment_id"]: row for row in rows}
    history = history_of(rows, scans=scans)
    got = load_columns(training_table(history))
    for number, shipment_id in enumerate(history.shipment_id):
        assert got[number].tolist() == pytest.approx(
            slow_features(rows, scans, by_id[shipment_id]), abs=1e-9, nan_ok=True
        )


@settings(max_examples=10)
@given(worlds())
def test_a_request_has_the_load_of_the_training_table(world):
    rows, scans = world
    history = history_of(rows, scans=scans)
    table = training_table(history)
    by_id = {row["shipment_id"]: row for row in rows}
    days = np.unique(history.orders.known_day).tolist()
    sketches = build_sketches(history, NETWORK, days[-1] + 40)
    for today in days:
        mine = np.flatnonzero(history.orders.known_day == today)
        requests = [live(by_id[shipment_id]) for shipment_id in history.shipment_id[mine]]
        check_same(table.take(mine), live_features(requests, sketches.snapshot(today)))


@settings(max_examples=10)
@given(worlds(), st.data())
def test_scans_that_are_recorded_later_move_no_feature(world, data):
    """Scans of whatever happened, planted with a record on or after the day of the orders."""
    rows, scans = world
    ordered = sorted(row["ordered_at"] for row in rows)[len(rows) // 2]
    start = instant("1970-01-01") + timedelta(days=utc_day(ordered))
    told = st.tuples(st.integers(0, len(rows) - 1), CODES_TOLD, minutes, st.integers(0, 20_000), FACILITIES)
    future = [
        scan(number, code, min(at, known), known, hub)
        for number, code, at, after, hub in data.draw(st.lists(told, min_size=1, max_size=20))
        for known in [start + timedelta(minutes=after)]
    ]
    before = history_of(rows, scans=[one for one in scans if one["recorded_at"] < start] or future[:0])
    after = history_of(rows, scans=[*(one for one in scans if one["recorded_at"] < start), *future])
    early = np.flatnonzero(before.orders.known_day <= utc_day(start))
    check_same(training_table(before).take(early), training_table(after).take(early))


def test_parcels_that_pile_up_in_a_depot_slow_the_pace_of_its_area_and_raise_its_load():
    rows, scans = [], []
    for number in range(140):
        at = instant("2026-02-02 09:00") + timedelta(days=number // 5)
        strike = at > instant("2026-02-27 00:00")
        rows.append(shipment(number, at, carrier="kranich", to=("DE", "80331")))
        scans.append(scan(number, "destination_depot", at + timedelta(days=1)))
        if not strike:
            scans.append(scan(number, "out_for_delivery", at + timedelta(days=1, hours=3)))
    rows += [shipment(900, "2026-02-26 12:00", carrier="kranich"), shipment(901, "2026-03-04 12:00", carrier="kranich")]
    rows += [shipment(902, "2026-03-04 12:00", carrier="postfuchs")]
    history = history_of(rows, scans=scans)
    got = dict(zip(history.shipment_id, load_columns(training_table(history)), strict=True))
    before, strike, elsewhere = (dict(zip(NAMES, got[name], strict=True)) for name in ("p900", "p901", "p902"))
    assert abs(before["depot_pace_3d"]) < 0.1
    assert strike["depot_pace_3d"] < -0.3
    assert strike["depot_pace_3d"] < elsewhere["depot_pace_3d"]
    assert strike["depot_load_7d"] > before["depot_load_7d"] + 0.1


def test_without_scans_the_columns_are_empty():
    got = load_columns(training_table(history_of([shipment(1, "2026-03-10 09:00"), shipment(2, "2026-03-12 09:00")])))
    assert np.isnan(got).all()


def test_a_scan_told_before_an_earlier_one_is_what_is_known_until_then():
    frame = first_scans_of([
        scan(1, "destination_depot", "2026-03-05 09:00", "2026-03-09 09:00"),
        scan(1, "out_for_delivery", "2026-03-06 09:00", "2026-03-06 10:00"),
    ])  # fmt: skip
    on, known = (days.tolist() for days in loads.days_told(frame["depot"].to_numpy(float)))
    assert (on, known) == ([day("2026-03-06")], [day("2026-03-06")])


def test_dates_before_the_epoch_do_not_move_the_record():
    frame = first_scans_of([scan(1, "delivered", "1900-01-01 00:00", datetime.fromisoformat("2026-03-06T00:00+00:00"))])
    assert [int(days[0]) for days in loads.days_told(frame["out"].to_numpy(float))] == [0, day("2026-03-06")]


def test_scans_dated_long_before_the_orders_count_from_the_first_order():
    rows = [shipment(1, "2026-03-05 09:00"), shipment(2, "2026-03-09 09:00")]
    dates = ("1900-01-01 00:00", "2026-03-04 00:00")  # the days counted begin a day before the first order
    tables = [
        load_columns(training_table(history_of(rows, scans=[scan(1, "handed_over", at, "2026-03-06 00:00")])))
        for at in dates
    ]
    assert np.array_equal(*tables, equal_nan=True)
    assert tables[0][1, NAMES.index("departure_load_7d")] > 0
