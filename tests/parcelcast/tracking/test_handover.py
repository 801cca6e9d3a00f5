from datetime import UTC, datetime, timedelta

from parcelcast.progress import parcel_progress
from parcelcast.tracking.handover import handover_report
from parcelcast.tracking.scan import Scan

LEFT = datetime(2026, 3, 10, 16, tzinfo=UTC)
TOLD = LEFT + timedelta(minutes=25)


def test_the_shop_knows_of_the_dispatch_from_the_instant_of_its_record():
    report = handover_report("kranich", "P1", LEFT, TOLD)
    assert parcel_progress([report], TOLD).dispatched_at is None
    known = parcel_progress([report], TOLD + timedelta(microseconds=1))
    assert (known.dispatched_at, known.stage, known.status) == (LEFT, "first_mile", "dispatched")


def test_it_stands_beside_the_carriers_own_scan_of_the_same_minute():
    scan = Scan("kranich", "P1", "handed_over", LEFT, LEFT + timedelta(hours=6))
    progress = parcel_progress([handover_report("kranich", "P1", LEFT, TOLD), scan], LEFT + timedelta(days=1))
    assert [entry.scan.code for entry in progress.timeline] == ["handed_over", "handed_over"]
    assert progress.stage == "first_mile"
