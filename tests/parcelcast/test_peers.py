"""Peers: whom a silent parcel is compared with, and how they are counted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from parcelcast.peers import HOURS, Cohort, Hour, Moves, cohort_of, peers_of
from parcelcast.progress import parcel_progress
from parcelcast.tracking.handover import handover_report
from parcelcast.tracking.scan import Scan

START = datetime(2027, 3, 1, 10, 59, 59, tzinfo=UTC)
HOUR = int(START.timestamp()) // 3600
AT = Cohort(Hour("dpd", "hub_arrival", HOUR), "hub-1", START)


def arrival(at: datetime = START, recorded: datetime | None = None, code: str = "hub_arrival", **more) -> Scan:
    return Scan("DPD", "1", code, at, recorded or at, **{"facility_id": "hub-1"} | more)


def cohort(*reports: Scan, silent: timedelta = timedelta(hours=12)) -> Cohort | None:
    return cohort_of(parcel_progress(reports, START + silent))


def test_a_parcel_belongs_to_the_hour_of_its_last_scan():
    earlier = Scan("dpd", "1", "origin_scan", START - timedelta(hours=9), START)
    assert cohort(earlier, arrival()) == AT
    assert AT.at.start == datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert AT.at.stop == datetime(2027, 3, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reports", "silent"),
    [
        ((), timedelta(hours=12)),
        ((arrival(),), timedelta(hours=12) - timedelta(microseconds=1)),
        ((arrival(recorded=START + timedelta(hours=13)),), timedelta(hours=13)),
        ((handover_report("dpd", "1", START, START),), timedelta(hours=12)),
        ((arrival(facility_id=None),), timedelta(hours=12)),
        ((arrival(code="out_for_delivery"),), timedelta(hours=12)),
        ((replace(arrival(), carrier=" "),), timedelta(hours=12)),
    ],
    ids=[
        "no scan",
        "just now",
        "not known yet",
        "only the shop told",
        "no facility",
        "a tour of its own",
        "no carrier",
    ],
)
def test_who_is_compared_with_nobody(reports, silent):
    assert cohort(*reports, silent=silent) is None


def test_the_shops_own_word_of_the_handover_hides_no_scan():
    assert cohort(arrival(), handover_report("dpd", "1", START, START + timedelta(hours=1))) == AT


def counted(moves: dict[tuple[int, str], Moves]) -> Moves:
    """Count, where `moves` are by hours from that of the cohort and by facility."""
    hours: dict[Hour, dict[str, Moves]] = {}
    for (step, facility), one in moves.items():
        hours.setdefault(Hour("dpd", "hub_arrival", HOUR + step), {})[facility] = one
    return peers_of(AT, lambda hour: hours.get(hour, {}))


def test_the_facility_is_counted_for_some_hours_without_the_parcel_itself():
    moves = {
        (0, "hub-1"): Moves(4, 3),
        (0, "hub-2"): Moves(10, 1),
        (-HOURS, "hub-1"): Moves(40, 7),
        (HOURS, "hub-1"): Moves(80, 11),
        (HOURS + 1, "hub-1"): Moves(160, 13),
        (-HOURS - 1, "hub-1"): Moves(320, 17),
    }
    assert counted(moves) == Moves(4 + 40 + 80 - 1, 3 + 7 + 11)


def test_a_parcel_alone_has_no_peers():
    assert counted({(0, "hub-1"): Moves(1, 0)}) == Moves(0, 0)
    assert counted({}) == Moves(0, 0)


def test_no_more_have_moved_than_there_are():
    """Where more are scanned in an hour than are counted, the parcel itself may not be among them."""
    assert counted({(0, "hub-1"): Moves(5, 5)}) == Moves(5, 5)
