"""How carriers get on, on both databases."""

import pytest
from sqlalchemy import select, update

from serving.reports.groups import MOST_GROUPS
from serving.stores.schema import shipments
from tests.serving.worker.depot import berlin

NAME = "carriers"
SHARES = ("in_time_share", "transit_days_50", "transit_days_90", "attempt_failed_share", "lost_share", "back_share")


def test_carriers_are_told_apart_the_largest_first(records):
    records.keep(0)
    records.keep(1, carrier="postfuchs")
    records.keep(0, carrier="postfuchs", service="express")
    records.keep(carrier=None, service=None)

    told = records.report(NAME)

    rows = [(row["carrier"], row["parcels"], row["in_time"]) for row in told["carriers"]]
    assert rows == [("postfuchs", 2, 1), (None, 1, 0), ("kranich", 1, 1)]
    assert told["carriers"][0]["in_time_share"] == {"share": 0.5, "low": 0.0945, "high": 0.9055}
    assert (told["parcels"], told["in_time"], told["others"]) == (4, 2, None)


def test_days_on_the_way_are_those_within_which_half_and_nine_of_ten_came(records):
    for days in (1, 1, 2, 2, 2, 3, 3, 3, 4, 9):
        records.keep(0, travelled=days)
    records.keep(0)  # no sign of it before it came
    records.keep(travelled=1)

    told = records.report(NAME)

    assert (told["transit_known"], told["transit_days_50"], told["transit_days_90"]) == (10, 2, 4)


def test_failed_attempts_are_told_of_parcels_of_which_they_were_kept(records):
    for attempts in (0, 0, 1, 3, None):
        records.keep(0, attempts=attempts)

    told = records.report(NAME)

    assert (told["attempts_known"], told["attempt_failed"], told["attempt_failed_share"]) == (4, 2, 0.5)


def test_losses_are_those_an_alert_told_of_and_those_the_carrier_admits(records):
    records.keep(0, stalls=["shipment.stalled", "shipment.lost_suspected"])
    records.keep(stage="lost_suspected", stalls=["shipment.lost_suspected"])
    records.keep(stage="lost_suspected")
    records.keep(1, stalls=["shipment.stalled"])

    told = records.report(NAME)

    assert (told["parcels"], told["lost"], told["lost_share"]) == (4, 3, 0.75)


def test_parcels_that_went_back_are_late_unless_they_had_come_to_a_pickup_point(records):
    records.keep(stage="returning")
    records.keep(0, stage="returned")
    records.keep(0)

    told = records.report(NAME)

    assert (told["back"], told["back_share"], told["in_time"]) == (2, 0.6667, 2)


def test_of_no_parcels_there_is_nothing_to_tell(records):
    records.keep(stage="pre_dispatch", status="ordered")

    told = records.report(NAME)

    assert (told["parcels"], told["unheard"], told["carriers"], told["others"]) == (0, 1, [], None)
    assert [told[share] for share in SHARES] == [None] * len(SHARES)


def test_the_smallest_carriers_are_told_together(records):
    for number in range(MOST_GROUPS + 2):
        records.keep(0, carrier=f"carrier-{number:02}", travelled=number)

    told = records.report(NAME)

    assert [row["carrier"] for row in told["carriers"]] == [f"carrier-{number:02}" for number in range(MOST_GROUPS)]
    assert (told["others"]["parcels"], told["others"]["transit_days_50"]) == (2, 20)
    assert set(told["others"]) == set(told["carriers"][0]) - {"carrier"}


def test_the_order_of_parcels_makes_no_difference(records):
    parcels = [
        {"came": came, "carrier": carrier, "travelled": travelled, "stalls": stalls}
        for came, carrier, travelled, stalls in [
            (0, "b", 2, []),
            (1, "a", 3, ["shipment.lost_suspected"]),
            (None, "b", None, []),
            (-2, None, 1, []),
        ]
    ]
    forth, back = records.both_ways(NAME, parcels)
    assert forth == back


@pytest.fixture
def carried(tracked):
    """Two parcels that were handed over on Monday, tried in vain on Wednesday, and came on Thursday and never."""
    shop, depot = tracked
    depot.register("came", "lost", "unseen")
    depot.at("2026-11-23 18:00")
    for one in ("came", "lost"):
        depot.scan(one, "handed_over")
    depot.sweep("2026-11-25 12:00")
    depot.scan("came", "delivery_attempted")
    depot.scan("lost", "exception", reason="lost")
    depot.sweep("2026-11-26 12:00")
    depot.scan("came", "delivered")
    depot.scan("unseen", "delivered")
    depot.sweep("2026-11-30 12:00")
    return shop, depot


def test_what_the_worker_saw_is_told(carried):
    shop, depot = carried

    told = shop.get(f"/v1/reports/{NAME}").json()

    assert (told["parcels"], told["in_time"], told["lost"]) == (3, 2, 1)
    assert (told["transit_known"], told["transit_days_50"], told["transit_days_90"]) == (1, 3, 3)
    assert (told["attempts_known"], told["attempt_failed"]) == (3, 1)
    assert depot.stated("unseen").dispatched_on is None


def test_what_an_older_version_said_tells_no_dispatch_and_no_attempts(carried):
    shop, depot = carried
    with depot.database.writing() as connection:
        for name, said in connection.execute(select(shipments.c.shipment_id, shipments.c.eta)).all():
            older = said.replace('"dispatched_on":', '"x":').replace('"attempts":', '"y":')
            connection.execute(update(shipments).where(shipments.c.shipment_id == name).values(eta=older))

    told = shop.get(f"/v1/reports/{NAME}").json()

    assert (told["parcels"], told["transit_known"], told["attempts_known"]) == (3, 0, 0)
    assert (told["transit_days_50"], told["attempt_failed_share"]) == (None, None)


def test_a_parcel_leaves_on_the_day_of_its_origin(tracked):
    _, depot = tracked
    depot.register("p1", destination_country="US", destination_postal_code="90001")
    depot.at("2026-11-24 00:30")  # still Monday in Los Angeles
    depot.scan("p1", "handed_over")
    depot.rounds()

    assert depot.stated("p1").dispatched_on == berlin("2026-11-24 12:00").date()
