from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parcelcast.progress import STAGES, parcel_progress
from parcelcast.scan import CODES, DELIVERED_CODES
from parcelcast.tables import STATUSES
from parcelcast.tracking.handover import SOURCE as SHOP
from parcelcast.tracking.handover import handover_report
from parcelcast.tracking.links import Link
from parcelcast.tracking.orders import ORDER_STATUSES, order_progress
from parcelcast.tracking.scan import Number, Scan
from pipelines.simulator.library import small_world
from tests.parcelcast.tracking.reports import hours, reports, scan, shaken

LATE = hours(10_000)
UNDER_WAY = tuple(code for code in CODES if code not in {*DELIVERED_CODES, "return_started", "returned"})
HAPPY = [
    scan("label_created", 0),
    scan("handed_over", 8),
    scan("origin_scan", 10),
    scan("hub_arrival", 14),
    scan("hub_departure", 16),
    scan("destination_depot", 30),
    scan("out_for_delivery", 32),
    scan("delivered", 36),
]


@given(st.data())
def test_any_order_and_copies_give_the_same_progress(data):
    original = data.draw(reports())
    assert parcel_progress(data.draw(shaken(original)), LATE) == parcel_progress(original, LATE)


@given(reports(), reports(), st.integers(0, 110))
def test_what_is_recorded_later_never_changes_what_was_said_earlier(earlier, later, at):
    as_of = hours(at)
    later = [replace(one, recorded_at=max(one.recorded_at, as_of)) for one in later]
    assert parcel_progress([*later, *earlier], as_of) == parcel_progress(earlier, as_of)


@given(reports(codes=UNDER_WAY), reports())
def test_a_delivery_is_final_but_for_a_correction(earlier, later):
    delivery = scan("delivered", 80, 81)
    afterwards = [
        replace(
            one, replaces=None, occurred_at=one.occurred_at + timedelta(4), recorded_at=one.recorded_at + timedelta(4)
        )
        for one in later
    ]
    known = [*afterwards, delivery, *earlier]
    progress = parcel_progress(known, LATE)
    assert (progress.status, progress.stage, progress.ended_at) == ("delivered", "delivered", hours(80))
    taken_back = scan("delivery_attempted", 80, 400, replaces=delivery.scan_id)
    assert parcel_progress([taken_back, *known], hours(400)) == parcel_progress(known, hours(400))
    assert parcel_progress([taken_back, delivery, *earlier], LATE).status not in {"delivered", "returned"}


@given(reports(), st.booleans())
def test_after_a_return_has_begun_nothing_is_delivered_to_the_shopper(original, is_return):
    opening = scan("return_started", -4)  # a clock that is ahead puts a report up to three hours before the first one
    progress = parcel_progress([opening, *original], LATE, is_return=is_return)
    assert progress.status in {"dispatched", "returned"}
    assert progress.attempts == 0


@given(reports(), st.booleans())
def test_whatever_is_reported_the_progress_is_well_formed(original, is_return):
    progress = parcel_progress(original, LATE, is_return=is_return, time_zones={"": "Europe/Berlin"})
    assert progress.status in STATUSES
    assert progress.stage in STAGES
    assert (progress.ended_at is not None) == (progress.status in {"delivered", "returned"})
    assert (progress.dispatched_at is None) <= (progress.status in {"ordered", "cancelled"})
    assert progress.attempts <= sum(one.code == "delivery_attempted" for one in original)
    assert [entry.scan for entry in progress.timeline] == sorted(
        (entry.scan for entry in progress.timeline), key=lambda one: one.happened_at
    )
    assert sum((leg.last_at - leg.began_at for leg in progress.legs), timedelta()) <= timedelta(hours=80)


def test_a_parcel_goes_from_stage_to_stage():
    stages = [parcel_progress(HAPPY, one.recorded_at + timedelta(minutes=1)).stage for one in HAPPY]
    assert stages == [
        "pre_dispatch", "first_mile", "first_mile", "line_haul", "line_haul", "destination_depot",
        "out_for_delivery", "delivered",
    ]  # fmt: skip
    at_once = parcel_progress(HAPPY, HAPPY[1].recorded_at)
    assert (at_once.status, at_once.stage, at_once.dispatched_at) == ("ordered", "pre_dispatch", None)


@pytest.mark.parametrize("code", CODES)
def test_every_code_leads_to_a_stage(code):
    assert parcel_progress([scan(code, 0)], LATE).stage in STAGES


def test_late_news_of_the_first_mile_takes_no_parcel_back():
    late = [scan("label_created", 31), scan("handed_over", 33), scan("origin_scan", 31.5)]
    assert parcel_progress([*HAPPY[:7], *late], LATE).stage == "out_for_delivery"


def test_a_missorted_parcel_does_go_back():
    progress = parcel_progress([*HAPPY[:6], scan("hub_arrival", 40)], LATE)
    assert progress.stage == "line_haul"


def test_attempts_are_counted_once_for_each_ring_of_the_bell():
    attempts = [scan("delivery_attempted", at, raw_code=f"{at}") for at in (33, 35, 57)]
    progress = parcel_progress([*HAPPY[:7], *attempts], LATE)
    assert (progress.stage, progress.attempts) == ("attempted", 2)


def test_what_comes_more_than_two_hours_after_an_attempt_is_another_however_many_lie_between():
    attempts = [scan("delivery_attempted", at, raw_code=f"{at}") for at in (33, 34.9, 36.8, 38.7)]
    assert parcel_progress([*HAPPY[:7], *attempts], LATE).attempts == 2


def test_a_parcel_at_a_pickup_point_waits_since_it_came_there():
    waiting = [scan("at_pickup_point", 40), scan("at_pickup_point", 64), scan("info_only", 70)]
    progress = parcel_progress([*HAPPY[:7], *waiting], LATE)
    assert (progress.stage, progress.pickup_since) == ("pickup_point", hours(40))
    assert parcel_progress([*HAPPY[:7], *waiting, scan("return_started", 200)], LATE).pickup_since is None


def test_a_return_reverses_the_direction():
    back = [scan("return_started", 60, reason="refused"), scan("out_for_delivery", 80), scan("delivered", 90)]
    assert parcel_progress([*HAPPY[:7], *back[:2]], LATE).stage == "returning"
    returned = parcel_progress([*HAPPY[:7], *back], LATE)
    assert (returned.status, returned.stage, returned.ended_at) == ("returned", "returned", hours(90))


def test_a_parcel_that_goes_back_after_its_delivery_was_delivered():
    back = [scan("return_started", 60), scan("delivered", 90), scan("returned", 91), scan("return_started", 92)]
    progress = parcel_progress([*HAPPY, *back], LATE)
    assert (progress.status, progress.ended_at, progress.return_stage) == ("delivered", hours(36), "returned")
    assert parcel_progress([*HAPPY, back[0]], LATE).return_stage == "returning"


def test_a_return_label_is_never_delivered_to_the_shopper():
    progress = parcel_progress(HAPPY, LATE, is_return=True)
    assert (progress.status, progress.stage) == ("returned", "returned")
    assert parcel_progress(HAPPY[:1], LATE, is_return=True).stage == "pre_dispatch"


def test_a_lost_parcel_is_suspected_lost_until_it_is_seen():
    lost = [*HAPPY[:5], scan("exception", 200, reason="lost"), scan("exception", 210, reason="held")]
    progress = parcel_progress(lost, LATE)
    assert (progress.status, progress.stage) == ("dispatched", "lost_suspected")
    assert progress.trouble == lost[-1]
    found = parcel_progress([*lost, scan("hub_arrival", 300)], LATE)
    assert (found.stage, found.trouble) == ("line_haul", None)


def test_a_cancelled_label_is_cancelled_and_a_parcel_on_its_way_is_not():
    cancelled = scan("exception", 50, reason="cancelled")
    assert parcel_progress([HAPPY[0], cancelled], LATE).status == "cancelled"
    assert parcel_progress([*HAPPY[:2], cancelled], LATE).status == "dispatched"


def test_the_timeline_is_told_in_local_time_with_its_doubts():
    scans = [
        scan("handed_over", 8, utc_offset_min=60),
        scan("hub_arrival", 14),
        scan("delivered", 40, 36, doubts=("offset_missing",)),
    ]
    progress = parcel_progress(scans, LATE, time_zones={"": "America/New_York"})
    assert [entry.local_at.isoformat() for entry in progress.timeline] == [
        "2027-03-01T09:00:00+01:00",
        "2027-03-01T09:00:00-05:00",
        "2027-03-02T07:00:00-05:00",
    ]
    assert progress.timeline[2].doubts == ("offset_missing", "clock_ahead")
    assert parcel_progress(scans, LATE).timeline[1].local_at.utcoffset() == timedelta()


def test_scans_without_an_offset_are_shown_on_the_clock_of_their_country():
    clocks = {"": "America/Sao_Paulo", "BR": "America/Sao_Paulo", "DE": "Europe/Berlin", SHOP: "Europe/Berlin"}
    scans = [
        handover_report("dpd", "A1", hours(8), hours(8)),
        scan("hub_arrival", 14, country="DE"),
        scan("hub_departure", 20, country="FR"),
        scan("destination_depot", 40),
    ]
    shown = [entry.local_at.isoformat() for entry in parcel_progress(scans, LATE, time_zones=clocks).timeline]
    assert shown == [
        "2027-03-01T09:00:00+01:00",
        "2027-03-01T15:00:00+01:00",
        "2027-03-01T20:00:00+00:00",
        "2027-03-02T13:00:00-03:00",
    ]


def test_a_parcel_with_two_numbers_has_two_legs_and_one_delivery():
    link = Link(Number("dpd", "A1"), Number("postnl", "3S1"), hours(18))
    abroad = [*HAPPY[:5], scan("delivered", 20)]
    home = [scan(code, at, number="3S1", carrier="postnl") for code, at in (("import_customs", 22), ("delivered", 60))]
    progress = parcel_progress([*abroad, *home[:1]], LATE, links=[link])
    assert progress.stage == "customs"
    done = parcel_progress([*abroad, *home], LATE, links=[link])
    assert (done.stage, done.ended_at) == ("delivered", hours(60))
    assert [(leg.number.carrier, leg.began_at, leg.last_at) for leg in done.legs] == [
        ("dpd", hours(0), hours(20)),
        ("postnl", hours(22), hours(60)),
    ]


def test_a_number_that_was_used_before_begins_anew():
    again = [scan(one.code, 100 * 24 + hour) for hour, one in enumerate(HAPPY)]
    since = hours(99 * 24)
    assert parcel_progress([*HAPPY, *again[:3]], LATE, since=since).stage == "first_mile"
    assert parcel_progress([*HAPPY, *again[:3]], LATE, since=hours(-9)).stage == "delivered"
    assert parcel_progress(HAPPY, LATE, since=since).stage == "pre_dispatch"


def status_of(*scans: list[Scan]) -> str:
    return order_progress([parcel_progress(one, LATE) for one in scans]).status


def test_an_order_is_as_far_as_its_parcels():
    label, under_way, cancelled = HAPPY[:1], HAPPY[:5], [HAPPY[0], scan("exception", 5, reason="cancelled")]
    returned = [*HAPPY[:7], scan("returned", 90)]
    assert status_of() == status_of(label, label) == "ordered"
    assert status_of(label, under_way) == "partly_dispatched"
    assert status_of(under_way, under_way) == status_of(under_way, returned) == "dispatched"
    assert status_of(under_way, HAPPY) == status_of(returned, HAPPY) == "partly_delivered"
    assert status_of(HAPPY, HAPPY, cancelled) == "delivered"
    assert status_of(returned) == "returned"
    assert status_of(cancelled) == "cancelled"


@given(st.lists(reports(max_size=4), max_size=4))
def test_an_order_is_complete_when_all_that_goes_out_has_arrived(parcels):
    progress = [parcel_progress(one, LATE) for one in parcels]
    told = order_progress(progress)
    assert told.status in ORDER_STATUSES
    assert (told.all_delivered_at is not None) == (told.status == "delivered")
    assert sum(told.stages.values()) == len(parcels)
    if told.all_delivered_at:
        assert told.first_delivered_at <= told.all_delivered_at


def test_simulated_parcels_are_where_the_simulator_says_at_any_day():
    world = small_world(5, shipments=400)
    told = defaultdict(list)
    for row in world["scans"].to_pylist():
        shipment_id = row.pop("shipment_id")
        del row["scan_id"]
        told[shipment_id].append(Scan(tracking_number=shipment_id, **row))
    last = max(one.recorded_at for scans in told.values() for one in scans)
    wrong = checked = 0
    for shipment in world["shipments"].to_pylist():
        scans = told[shipment["shipment_id"]]
        for days in (0, 3, 10):
            as_of = last - timedelta(days)
            recorded = shipment["delivered_recorded_at"]
            delivered = recorded is not None and recorded < as_of
            checked += 1
            wrong += (parcel_progress(scans, as_of).status == "delivered") != delivered
    assert checked > 800
    assert wrong / checked < 0.01  # deliveries that were never scanned
