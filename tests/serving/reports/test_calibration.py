"""Whether stated probabilities came true, on both databases."""

from datetime import date, timedelta

import pytest

from serving.reports.asked import MOST_LEAD_HOURS
from serving.stores import outcomes
from serving.stores.etas import read_dates
from tests.serving.reports.records import THURSDAY
from tests.serving.worker.depot import berlin

NAME = "calibration"


def _full(told):
    """The tenths that hold parcels, by where they begin."""
    return {tenth["risk_from"]: tenth for tenth in told["tenths"] if tenth["parcels"]}


def test_stated_risks_are_held_against_what_came_by_tenths(records):
    for came, risk in ((0, 0.05), (-1, 0.0), (1, 0.09), (0, 0.1), (2, 0.9), (None, 1.0)):
        records.keep(came, stated=[{"risk": risk}])

    told = records.report(NAME)

    assert (told["parcels"], told["judged"], told["late"]) == (6, 6, 3)
    assert told["late_share"] == {"share": 0.5, "low": 0.1876, "high": 0.8124}
    assert [(tenth["risk_from"], tenth["risk_to"]) for tenth in told["tenths"]][::9] == [(0.0, 0.1), (0.9, 1.0)]
    full = _full(told)
    assert [(begin, tenth["parcels"], tenth["late"]) for begin, tenth in full.items()] == [
        (0.0, 3, 1),
        (0.1, 1, 0),
        (0.9, 2, 2),
    ]
    assert full[0.0]["mean_risk"] == 0.0467  # (0.05 + 0 + 0.09) / 3
    assert full[0.0]["late_share"]["share"] == 0.3333
    assert full[0.9]["mean_risk"] == 0.95
    assert told["mean_risk"] == 0.3567  # 2.14 / 6
    assert told["brier"] == 0.1418  # (0.0025 + 0 + 0.8281 + 0.01 + 0.01 + 0) / 6
    assert told["brier_constant"] == 0.25


def test_of_no_parcels_there_is_nothing_to_tell(records):
    records.keep(0)

    told = records.report(NAME)

    assert (told["parcels"], told["unstated"], told["judged"]) == (1, 1, 0)
    assert (told["late_share"], told["mean_risk"], told["brier"], told["brier_constant"]) == (None,) * 4
    assert [tenth["mean_risk"] for tenth in told["tenths"]] == [None] * 10
    assert [tenth["late_share"] for tenth in told["tenths"]] == [None] * 10
    assert told["ranges"] == {
        "over": 0, "not_over": 0, "level": 0.9, "within": 0, "within_share": None, "before": 0, "after": 0
    }  # fmt: skip


def test_what_was_stated_last_before_the_lead_time_counts(records):
    # The promised Thursday ends in Berlin at midnight; 24 hours before, it begins.
    stated = [
        {"at": "2026-11-24 10:00", "risk": 0.15},
        {"at": "2026-11-26 00:00", "risk": 0.35},
        {"at": "2026-11-26 00:01", "risk": 0.55},
        {"at": "2026-11-27 00:00", "risk": 0.75},
        {"at": "2026-11-27 09:00", "risk": None, "stage": "delivered"},
    ]
    records.keep(1, stated=stated)

    risks = {lead: list(_full(records.report(NAME, lead_hours=lead))) for lead in (0, 23, 24, 24.1, 62, 62.1)}

    assert risks == {0: [0.7], 23: [0.5], 24: [0.3], 24.1: [0.1], 62: [0.1], 62.1: []}
    assert records.report(NAME, lead_hours=62.1)["unstated"] == 1


def test_what_is_read_is_what_a_look_at_whole_histories_finds(records, monkeypatch):
    monkeypatch.setattr(outcomes, "_AT_ONCE", 2)
    days = {
        records.keep(0, stated=[{"at": f"2026-11-{day} 12:00"} for day in range(18, last)]): last - 2
        for last in range(18, 23)
    }
    window = outcomes.Window(THURSDAY, THURSDAY + timedelta(days=1), None)

    def until(one):
        return berlin(f"2026-11-{days[one.shipment_id]} 12:00")

    with records.shop.services.database.reading() as connection:
        found = {one.shipment_id: told for one, told in outcomes.read_stated(connection, window, until)}
        for one in outcomes.read_outcomes(connection, window):
            told = [row for row in read_dates(connection, one.shipment_id) if row.as_of <= until(one)]
            names = outcomes.StatedDates._fields
            assert found.pop(one.shipment_id) == (tuple(getattr(told[-1], name) for name in names) if told else None)
    assert found == {}


def test_the_day_ends_on_the_clock_of_the_destination(records):
    stated = [{"at": "2026-11-25 12:00", "risk": 0.15}, {"at": "2026-11-26 08:00", "risk": 0.95}]
    records.keep(0, stated=stated)
    records.keep(0, stated=stated, destination_country="US", destination_postal_code="90001")

    assert list(_full(records.report(NAME))) == [0.1, 0.9]


def test_what_cannot_be_judged_is_counted_by_its_reason(records):
    records.keep(stage="pre_dispatch", status="ordered", stated=[{"risk": 0.5}])
    records.keep(1, stated=[{"at": "2026-11-26 12:00"}])
    records.keep(1, stated=[{"promised_on": date(2026, 11, 25)}])
    records.keep(1, stated=[{"promised_on": None, "risk": None}])
    records.keep(
        0, stated=[{"risk": 0.5}, {"at": "2026-11-25 13:00", "risk": None, "stage": "delivered", "basis": None}]
    )
    records.keep(stage="returned", stated=[{"risk": None, "basis": None, "earliest": None, "latest": None}])
    for basis in ("carrier_quote", "lane_history", "policy"):
        records.keep(1, stated=[{"basis": basis}])
    records.keep(1, stated=[{}])

    told = records.report(NAME)

    assert told["unheard"] == 1
    kinds = ("unstated", "stated_otherwise", "decided", "not_by_model", "judged")
    assert [told[kind] for kind in kinds] == [1, 2, 2, 3, 1]
    assert told["parcels"] == 9
    assert (told["late"], told["ranges"]["over"]) == (1, 1)


def test_a_stated_risk_is_of_the_delivery_not_of_the_arrival_at_a_pickup_point(records):
    records.keep(0, stated=[{"risk": 0.85}], waited=2)
    records.keep(0, stated=[{"risk": 0.85}], stage="pickup_point")
    records.keep(0, stated=[{"risk": 0.85}])

    assert (records.report(NAME)["judged"], records.report(NAME)["late"]) == (3, 2)
    assert records.report("promise-attainment")["late"] == 0


def test_deliveries_fall_within_stated_ranges_or_beside_them(records):
    for came in (-2, -1, 1, 2, None):  # the range is from a day before to a day after
        records.keep(came, stated=[{"earliest": 25, "latest": 27}])

    ranges = records.report(NAME)["ranges"]

    assert (ranges["over"], ranges["before"], ranges["within"], ranges["after"]) == (5, 1, 2, 2)
    assert (ranges["within_share"]["share"], ranges["level"]) == (0.4, 0.9)


def test_ranges_that_are_not_over_are_left_out_whatever_came(records):
    records.shop.clock.set("2026-11-28T12:00:00+00:00")
    for latest in (27, 28, None):
        for came in (0, None):
            records.keep(came, stated=[{"latest": latest}])
    records.keep(0, stated=[{"earliest": None}])

    ranges = records.report(NAME)["ranges"]

    assert (ranges["over"], ranges["not_over"], ranges["within"], ranges["after"]) == (2, 5, 1, 1)


def test_the_order_of_parcels_makes_no_difference(records):
    parcels = [
        {"came": came, "stated": [{"risk": risk, "latest": latest}]}
        for came, risk, latest in [(0, 0.1, 26), (1, 0.7, 27), (None, 0.3, 26), (-2, 0.2, None)]
    ]
    forth, back = records.both_ways(NAME, [*parcels, {"came": 0}])
    assert forth == back


@pytest.mark.parametrize("lead", [-1, MOST_LEAD_HOURS + 0.1, "soon"])
def test_a_lead_time_that_cannot_be_used_is_refused(shop, lead):
    assert shop.get(f"/v1/reports/{NAME}", params={"lead_hours": lead}).status_code == 422
    assert shop.get(f"/v1/reports/{NAME}", params={"lead_hours": MOST_LEAD_HOURS}).status_code == 200


def test_what_the_worker_stated_is_judged(tracked):
    shop, depot = tracked
    depot.bundle.forecaster.slower_days = 9
    depot.register("late")
    depot.scan("late", "handed_over")
    depot.rounds()
    depot.bundle.forecaster.slower_days = 0
    depot.register("in-time", "moved")
    for one in ("in-time", "moved"):
        depot.scan(one, "handed_over")
    depot.sweep("2026-11-25 12:00")
    depot.scan("in-time", "delivered")
    depot.sweep("2026-11-26 12:00")
    depot.register("moved", promised_on=date(2026, 11, 25), ordered_at=berlin("2026-11-23 10:00"))
    depot.sweep("2026-12-10 12:00")

    told = shop.get(f"/v1/reports/{NAME}").json()

    told_in_time = [row for row in depot.history("late") if row.as_of <= berlin("2026-11-26 00:00")]
    assert (told["parcels"], told["decided"], told["stated_otherwise"]) == (3, 1, 1)
    [tenth] = _full(told).values()
    assert (tenth["mean_risk"], tenth["late"]) == (round(told_in_time[-1].delay_risk, 4), 1)
    assert (told["ranges"]["over"], told["ranges"]["after"]) == (1, 1)
