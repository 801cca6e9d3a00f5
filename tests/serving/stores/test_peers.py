"""Moves of an hour as the database counts them: what the slow count says, and what the history of a table says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from parcelcast.peers import Hour, Moves, cohort_of, peers_of
from parcelcast.progress import parcel_progress
from parcelcast.tracking.scan import Number, Scan
from serving.stores import peers
from serving.stores.parcels import NewParcel, register_parcels
from serving.stores.peers import read_moves
from serving.stores.scans import record_scans
from tests.pipelines.living.world import world

START = datetime(2027, 3, 1, 10, tzinfo=UTC)
HOUR = int(START.timestamp()) // 3600
AT = Hour("dpd", "hub_arrival", HOUR)


def register(database, shipment_id: str, *numbers: Number) -> None:
    told = {"shipment_id": shipment_id, "order_id": "O", "ordered_at": START, "destination_country": "DE"}
    with database.writing() as connection:
        register_parcels(connection, [NewParcel(told, numbers)], START)


def record(database, *scans: Scan) -> None:
    with database.writing() as connection:
        record_scans(connection, scans, START)


def scan(
    number: str, minute: float, code: str = "hub_arrival", facility: str | None = "a", carrier: str = "dpd"
) -> Scan:
    at = START + timedelta(minutes=minute)
    return Scan(carrier, number, code, at, at, facility_id=facility)


def moves(database, *hours: Hour):
    with database.reading() as connection:
        return read_moves(connection, hours)


def test_who_moved_on_is_told_by_facility(database):
    for number in "1234":
        register(database, f"S-{number}", Number("dpd", number))
    record(database, scan("1", 0), scan("2", 59.9), scan("3", 5, facility=None), scan("4", 5, "origin_scan"))
    record(database, scan("2", 61, "hub_departure", None), scan("1", -1, "origin_scan"), scan("4", 60))
    later = Hour("dpd", "hub_arrival", HOUR + 1)
    assert moves(database, AT, later, AT._replace(carrier="gls")) == {
        AT: {"a": Moves(2, 1)},
        later: {"a": Moves(1, 0)},
        AT._replace(carrier="gls"): {},
    }


def test_a_parcel_moves_on_under_another_number(database):
    register(database, "S-1", Number("dpd", "1"), Number("post_at", "2"))
    record(database, scan("1", 5), scan("2", 300, "import_customs", carrier="post_at"))
    assert moves(database, AT) == {AT: {"a": Moves(1, 1)}}


def test_parcels_that_nobody_registered_do_not_count(database):
    register(database, "S-1", Number("dpd", "1"))
    record(database, scan("1", 5), scan("9", 5))
    assert moves(database, AT) == {AT: {"a": Moves(1, 0)}}


def test_who_comes_again_counts_once(database):
    """A correction stands beside what it replaces: the later word counts."""
    for number in "12":
        register(database, f"S-{number}", Number("dpd", number))
    first = scan("1", 0)
    record(database, first, replace(scan("1", 30), replaces=first.scan_id), scan("2", 5), scan("2", 300))
    assert moves(database, AT) == {AT: {"a": Moves(1, 0)}}
    record(database, scan("1", 300, "hub_departure"))
    assert moves(database, AT) == {AT: {"a": Moves(1, 1)}}


def test_of_many_scans_in_an_hour_those_recorded_first_count(database):
    count = peers.MOST_AN_HOUR + 3
    for number in range(count):
        register(database, f"S-{number}", Number("dpd", f"{number}"))
    at_once = [scan(f"{number}", number / 20) for number in range(1, count)]
    late = replace(scan("0", 0), recorded_at=START + timedelta(hours=9))
    record(database, late, *at_once, *(scan(f"{number}", 90, "hub_departure") for number in (0, 1, count - 1)))
    assert moves(database, AT) == {AT: {"a": Moves(peers.MOST_AN_HOUR, 1)}}


def test_many_hours_are_asked_in_parts(database, monkeypatch):
    monkeypatch.setattr(peers, "_HOURS_AT_ONCE", 2)
    for hour in range(5):
        register(database, f"S-{hour}", Number("dpd", f"{hour}"))
    record(database, *(scan(f"{hour}", 60 * hour, facility=f"hub-{hour}") for hour in range(5)))
    told = moves(database, *(AT._replace(hour=HOUR + hour) for hour in range(5)))
    assert list(told.values()) == [{f"hub-{hour}": Moves(1, 0)} for hour in range(5)]


def test_nothing_asked_is_nothing_found(database):
    assert moves(database) == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_hour_is_found_by_its_index(database):
    told = ("dpd", "hub_arrival", 0, 1)
    with database.reading() as connection:
        plan = connection.exec_driver_sql(f"explain query plan {peers._SQLITE}", told)
        steps = [row[3] for row in plan]
    assert any("scans_hour (carrier=? AND code=? AND occurred_at>? AND occurred_at<?)" in step for step in steps), steps
    assert not any(step.startswith(("SCAN scans", "SCAN later", "SCAN own", "SCAN other")) for step in steps), steps


def test_what_is_counted_equals_what_a_history_counts(database):
    """All of a simulated week, as of one night: the way of the worker and the way of training."""
    made = world()
    rows = np.arange(1200, 1700)
    midnight = np.datetime64(made.prepared.history.ordered_at[1600].astype("datetime64[D]"))
    as_of = midnight.astype("datetime64[us]").astype(datetime).replace(tzinfo=UTC)
    reports = {
        row: [one for one in told if one.source != "shop" and one.recorded_at < as_of]
        for row, told in made.feed.reports(rows).items()
    }
    for row, told in reports.items():
        register(database, f"S-{row}", *{one.number for one in told})
        record(database, *told)
    ours = np.flatnonzero(np.isin(made.feed.row, rows) & (made.feed.scan >= 0))
    past = made.feed._peers(ours)
    cohorts = [cohort_of(parcel_progress(told, as_of)) for told in reports.values()]
    hours = {hour for one in cohorts if one is not None for hour in one.hours()}
    told = moves(database, *hours)
    found = past.counted(cohorts, np.full(len(cohorts), midnight.astype("datetime64[us]")))
    served = [(np.nan, np.nan) if one is None else peers_of(one, told.__getitem__) for one in cohorts]
    assert np.array_equal(found, served, equal_nan=True)
    assert np.nanmax(found[:, 1]) > 0
