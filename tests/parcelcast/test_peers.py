"""Peers: whom a silent parcel is compared with, and how they are counted."""

from datetime import UTC, datetime, timedelta

import pytest

from parcelcast.peers import CARRIER_HOURS, HERE_HOURS, Cohort, Hour, Moves, cohort_of, peers_of
from parcelcast.progress import parcel_progress
from parcelcast.tracking.handover import handover_report
from parcelcast.tracking.scan import Scan

START = datetime(2027, 3, 1, 10, 59, 59, tzinfo=UTC)
HOUR = int(START.timestamp()) // 3600
AT = Cohort(Hour("dpd", "hub_arrival", HOUR), "hub-1")


def arrival(at: datetime = START, recorded: datetime | None = None, **more) -> Scan:
    return Scan("DPD", "1", "hub_arrival", at, recorded or at, **{"facility_id": "hub-1"} | more)


def cohort(*reports: Scan, silent: timedelta = timedelta(hours=12)) -> Cohort | None:
    return cohort_of(parcel_progress(reports, START + silent))


def test_a_parcel_belongs_to_the_hour_of_its_last_scan():
    earlier = Scan("dpd", "1", "origin_scan", START - timedelta(hours=9), START)
    assert cohort(earlier, arrival()) == AT
    assert cohort(arrival(facility_id=None)) == Cohort(AT.at, "")
    assert AT.at.start == datetime(2027, 3, 1, 10, tzinfo=UTC)
    assert AT.at.stop == datetime(2027, 3, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reports", "silent"),
    [
        ((), timedelta(hours=12)),
        ((arrival(),), timedelta(hours=12) - timedelta(microseconds=1)),
        ((arrival(recorded=START + timedelta(hours=13)),), timedelta(hours=13)),
        ((handover_report("dpd", "1", START, START),), timedelta(hours=12)),
    ],
    ids=["no scan", "scanned just now", "not known yet", "only the shop told"],
)
def test_who_is_compared_with_nobody(reports, silent):
    assert cohort(*reports, silent=silent) is None


def test_the_shops_own_word_of_the_handover_hides_no_scan():
    assert cohort(arrival(), handover_report("dpd", "1", START, START + timedelta(hours=1))) == AT


def counted(moves: dict[tuple[int, str], Moves], asked: Cohort = AT):
    """Count, where `moves` are by hours from that of the cohort and by facility."""
    hours: dict[Hour, dict[str, Moves]] = {}
    for (step, facility), one in moves.items():
        hours.setdefault(Hour("dpd", "hub_arrival", HOUR + step), {})[facility] = one
    return peers_of(asked, lambda hour: hours.get(hour, {}))


def test_the_facility_is_counted_over_more_hours_than_the_carrier_and_the_parcel_itself_is_not():
    moves = {
        (0, "hub-1"): Moves(4, 3),
        (0, "hub-2"): Moves(10, 1),
        (CARRIER_HOURS, "hub-1"): Moves(20, 5),
        (-CARRIER_HOURS - 1, "hub-1"): Moves(40, 7),
        (HERE_HOURS, "hub-1"): Moves(80, 11),
        (HERE_HOURS + 1, "hub-1"): Moves(160, 13),
        (-HERE_HOURS - 1, "hub-1"): Moves(320, 17),
    }
    told = counted(moves)
    assert told.here == Moves(4 + 20 + 40 + 80 - 1, 3 + 5 + 7 + 11)
    assert told.carrier == Moves(4 + 10 + 20 - 1, 3 + 1 + 5)


def test_without_a_facility_only_the_carrier_is_counted():
    told = counted({(0, ""): Moves(3, 2), (1, "hub-1"): Moves(5, 5)}, Cohort(AT.at, ""))
    assert told.here == Moves(0, 0)
    assert told.carrier == Moves(7, 7)


def test_a_parcel_alone_has_no_peers():
    assert counted({(0, "hub-1"): Moves(1, 0)}) == (Moves(0, 0), Moves(0, 0))
    assert counted({}) == (Moves(0, 0), Moves(0, 0))
