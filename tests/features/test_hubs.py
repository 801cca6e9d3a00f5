"""Hubs from scans: visits, usual hubs and columns against loops over the scans, and what a queue does to them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from features import hubs
from features.assembly import ORDER_COLUMNS, column_names
from features.hubs import COLUMNS, USUAL, VISITS
from features.table import build_sketches
from parcelcast.shipment import Shipment
from tests.features.oracles import Parcel, slow_pace
from tests.features.test_loads import STAGES, stage, worlds
from tests.features.test_point_in_time import delivery, utc_day
from tests.features.worlds import NETWORK, history_of, instant, live, scan, shipment, training_table

Row = Mapping[str, Any]
NAMES = column_names(COLUMNS)


def first_two(scans: Sequence[Row], shipment_id: str, code: str) -> list[tuple[int, int, str]]:
    """Return record, local minute and hub of the first scan of this code at the first two hubs that any tells of."""
    told = sorted(
        (utc_day(one["recorded_at"]), minute, one["facility_id"])
        for one in scans
        if one["shipment_id"] == shipment_id and one["code"] == code and one["facility_id"]
        for local in [one["occurred_at"] + timedelta(minutes=one.get("utc_offset_min") or 0)]
        for minute in [int((local - instant("1970-01-01")).total_seconds() // 60)]
    )
    found: dict[str, tuple[int, int, str]] = {}
    for one in told:
        found.setdefault(one[2], one)
    return list(found.values())[:2]


def visits(row: Row, scans: Sequence[Row], first: int) -> list[tuple[int, str, Parcel]]:
    """Return which visit it is, the hub, and the time there."""
    shipment_id, whole = row["shipment_id"], delivery(row)
    reached = [(known, minute // 1440, hub) for known, minute, hub in first_two(scans, shipment_id, "hub_arrival")]
    out = []
    for number, (known, on, hub) in enumerate(reached):
        ends = [
            (day, minute // 1440) for day, minute, at in first_two(scans, shipment_id, "hub_departure") if at == hub
        ]
        ends += [(day, there) for day, there, _ in reached[number + 1 :]]
        ends += [at_depot] if (at_depot := stage(scans, shipment_id, STAGES["depot"])) else []
        ends += [(whole.ended_known, whole.end)] if whole.end is not None and whole.ended_known is not None else []
        end = min(ends, default=None)
        if end is None or end[0] >= known:
            told = end and end[1], known, end and end[0]
            out.append((number, hub, Parcel(max(on, first), *told, whole.calendar, cancelled=whole.cancelled)))
    return out


def ways(one: Shipment, visit: int) -> list[str]:
    """Return country, region and area on the side of the way that a visit is told by."""
    place = one.destination if visit else one.origin.place
    land = f"{one.carrier or ''} {('from', 'to')[visit]} {place.country}"
    return [land, f"{land}-{place.region or ''}", f"{land} {place.postal_code[:2]}"]


def slow_features(rows: Sequence[Row], scans: Sequence[Row], asked: Row) -> list[float]:
    """Return `COLUMNS` of an order."""
    first = min(utc_day(row["ordered_at"]) for row in rows) - 1
    today = utc_day(asked["ordered_at"])
    told = [(live(row), *visit) for row in rows for visit in visits(row, scans, first)]
    out = []
    for side in range(len(VISITS)):
        usual = ""
        for level in (1, 2):
            counts = Counter(
                hub
                for one, number, hub, parcel in told
                if number == side
                and ways(one, number)[level] == ways(live(asked), side)[level]
                and today - USUAL <= max(parcel.start, parcel.begin_known) < today
            )
            usual = max(counts, key=lambda hub: (counts[hub], hub), default=usual)
        legs = [
            (["*", one.carrier or "", ways(one, number)[0], f"{one.carrier or ''} at {hub}"], parcel)
            for one, number, hub, parcel in told
        ]
        carrier = asked.get("carrier") or ""
        wanted = ["*", carrier, ways(live(asked), side)[0], f"{carrier} at {usual}"]
        out += [slow_pace(legs, wanted, today, 3, 120)[0], slow_pace(legs, wanted, today, 7, 28)[1]]
    return out


def hub_columns(table: Any) -> np.ndarray:
    names = column_names(ORDER_COLUMNS)
    return table.static[:, [names.index(name) for name in NAMES]]


@settings(max_examples=25)
@given(worlds())
def test_the_columns_equal_the_hand_written_join(world):
    rows, scans = world
    by_id = {row["shipment_id"]: row for row in rows}
    history = history_of(rows, scans=scans)
    got = hub_columns(training_table(history))
    for number, shipment_id in enumerate(history.shipment_id):
        assert got[number].tolist() == pytest.approx(
            slow_features(rows, scans, by_id[shipment_id]), abs=1e-9, nan_ok=True
        )


def queue() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return parcels from Leipzig by way of hubs "ost" and "sued" to Munich; from 27 February on "sued" strikes."""
    rows, scans = [], []
    for number in range(140):
        at = instant("2026-02-02 09:00") + timedelta(days=number // 5)
        rows.append(shipment(number, at, carrier="kranich", to=("DE", "80331")))
        scans += [
            scan(number, "hub_arrival", at + timedelta(hours=12), at="ost"),
            scan(number, "hub_departure", at + timedelta(hours=14), at="ost"),
            scan(number, "hub_arrival", at + timedelta(days=1), at="sued"),
        ]
        if at < instant("2026-02-27 00:00"):
            scans.append(scan(number, "hub_departure", at + timedelta(days=1, hours=12), at="sued"))
    return rows, scans


def test_parcels_that_pile_up_at_the_last_hub_slow_its_pace_and_raise_its_load():
    rows, scans = queue()
    rows += [shipment(900, "2026-02-26 12:00", carrier="kranich"), shipment(901, "2026-03-04 12:00", carrier="kranich")]
    history = history_of(rows, scans=scans)
    got = dict(zip(history.shipment_id, hub_columns(training_table(history)), strict=True))
    before, strike = (dict(zip(NAMES, got[name], strict=True)) for name in ("p900", "p901"))
    assert abs(before["last_hub_pace_3d"]) < 0.1
    assert strike["last_hub_pace_3d"] < -0.3
    assert strike["last_hub_load_7d"] > before["last_hub_load_7d"] + 0.1
    assert strike["first_hub_pace_3d"] > strike["last_hub_pace_3d"] + 0.1


def test_the_usual_hub_is_what_was_recorded_before_the_day_of_the_order():
    rows, scans = queue()
    late = instant("2026-03-05 08:00")
    scans = [one if one["facility_id"] != "sued" else one | {"recorded_at": late} for one in scans]
    rows += [shipment(900, "2026-03-05 12:00", carrier="kranich"), shipment(901, "2026-03-06 12:00", carrier="kranich")]
    history = history_of(rows, scans=scans)
    asked = history.orders.take(np.flatnonzero(np.isin(history.shipment_id, ["p900", "p901"])))
    history_of_hubs = build_sketches(history, NETWORK, int(asked.known_day.max())).rolling().hub
    assert history_of_hubs.busiest(hubs.last_ways(asked)[1:], asked.known_day, USUAL).tolist() == ["", "sued"]
    assert history_of_hubs.busiest(hubs.first_ways(asked)[1:], asked.known_day, USUAL).tolist() == ["ost", "ost"]


def test_scans_without_facilities_leave_the_columns_empty():
    rows, scans = queue()
    table = training_table(history_of(rows, scans=[one | {"facility_id": None} for one in scans]))
    assert np.isnan(hub_columns(table)).all()
