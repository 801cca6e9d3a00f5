from dataclasses import replace
from datetime import date

import pytest

from parcelcast.alerts import AlertPolicy
from parcelcast.eta import Silence
from tests.parcelcast.alerts.situations import AWAKE, ON_THE_ROAD, live, told
from tests.parcelcast.tracking.reports import hours, scan

STUCK, LOST = Silence(0.1, 0.8, 0.1), Silence(0.05, 0.25, 0.7)
NO_PROMISE = {"promised_on": None, "risk": 0.9}
PLANNED = {"promised_on": None, "planned_dispatch_on": date(2027, 3, 1), "origin_time_zone": "Europe/Berlin"}
OVERDUE = 48 - 1  # the planned Monday and a day of grace are over


def waiting(**more):
    return PLANNED | {"risk": 0.9, "scans": (), "silence": STUCK, **more}


def test_an_order_that_should_have_left_and_will_be_late_is_told_once():
    decisions = live([(OVERDUE - 1, waiting()), (OVERDUE, waiting()), (60, waiting())])
    assert told(decisions) == [("open", "dispatch.late")]
    assert decisions[0].wake_at == hours(OVERDUE)


def test_an_order_that_only_lacks_a_scan_is_not_late():
    assert told(live([(OVERDUE, waiting(silence=Silence(0.9, 0.1, 0.0)))])) == []
    assert told(live([(OVERDUE, waiting(basis="carrier_quote"))])) == []


def test_a_merchant_who_says_so_is_believed():
    late = scan("exception", 30, reason="late_handover", party="merchant")
    facts = waiting(scans=(late,), silence=Silence(0.9, 0.1, 0.0))
    assert told(live([(OVERDUE, facts)])) == [("open", "dispatch.late")]


def test_a_late_dispatch_is_over_when_the_carrier_has_the_parcel():
    decisions = live([(OVERDUE, waiting()), (60, waiting(scans=(scan("handed_over", 59),)))])
    assert told(decisions) == [("open", "dispatch.late"), ("close", None)]
    assert decisions[-1].incidents[0].outcome == "dispatched"


def test_a_late_dispatch_is_not_told_beside_a_delay_that_is():
    late = waiting(promised_on=date(2027, 3, 4))
    assert told(live([(OVERDUE, late), (50, late)])) == [("open", "delay.predicted")]


def test_a_stall_is_not_told_beside_a_delay_that_is_but_a_loss_is():
    late = {"risk": 0.9, "silence": STUCK}
    decisions = live([(30, late), (80, late), (90, late | {"silence": LOST})])
    assert told(decisions) == [("open", "delay.predicted"), ("open", "shipment.lost_suspected")]


def test_a_parcel_that_has_not_moved_for_days_and_is_probably_stuck_is_stalled():
    silent = NO_PROMISE | {"silence": STUCK}
    decisions = live([(70, silent), (71, silent), (84, silent)])  # Monday's scan; Thursday begins at 23:00 UTC
    assert told(decisions) == [("open", "shipment.stalled")]
    assert decisions[0].wake_at == hours(71)


def test_a_scan_late_in_the_evening_is_no_silence_of_that_day():
    silent = NO_PROMISE | {"silence": STUCK, "scans": (*ON_THE_ROAD, scan("hub_departure", 22))}  # 23:00 there
    assert told(live([(47, silent), (70, silent)])) == []
    assert told(live([(71, silent)])) == [("open", "shipment.stalled")]


def test_silence_that_is_probably_a_missing_scan_is_no_stall():
    assert told(live([(24 * day, NO_PROMISE | {"silence": Silence(0.4, 0.5, 0.1)}) for day in range(2, 9)])) == []


def test_sundays_and_holidays_are_no_silence():
    over_easter = (scan("hub_arrival", 24 * 25 - 12),)  # on Maundy Thursday at noon; Easter Monday is the 29th
    silent = NO_PROMISE | {"silence": STUCK, "scans": over_easter}
    assert told(live([(24 * 28 + 12, silent), (24 * 29 + 12, silent)])) == []
    assert told(live([(24 * 30 + 12, silent)])) == [("open", "shipment.stalled")]


def test_a_stall_becomes_a_loss_in_the_same_alert_and_never_less():
    silent, lost = NO_PROMISE | {"silence": STUCK}, NO_PROMISE | {"silence": LOST}
    decisions = live([(80, silent), (90, lost), (95, silent)])
    assert told(decisions) == [("open", "shipment.stalled"), ("update", "shipment.lost_suspected")]
    assert [one.key for one in decisions[-1].incidents] == ["p1/stall/1"]


def test_a_loss_that_the_carrier_admits_is_told_at_once():
    admitted = NO_PROMISE | {"scans": (*ON_THE_ROAD, scan("exception", 20, reason="lost", party="carrier"))}
    assert told(live([(21, admitted), (30, admitted)])) == [("open", "shipment.lost_suspected")]


def test_a_loss_that_the_carrier_corrects_is_over_before_the_parcel_moves():
    admission = scan("exception", 20, reason="lost", party="carrier")
    correction = scan("exception", 20, 40, reason="weather", replaces=admission.scan_id)
    admitted = NO_PROMISE | {"scans": (*ON_THE_ROAD, admission)}
    corrected = NO_PROMISE | {"scans": (*ON_THE_ROAD, admission, correction)}
    decisions = live([(21, admitted), (41, corrected), (50, corrected)])
    assert told(decisions) == [("open", "shipment.lost_suspected"), ("close", None)]
    assert decisions[-1].incidents[0].outcome == "corrected"


def test_a_loss_that_silence_told_of_is_not_over_because_the_carrier_admits_and_corrects_it():
    admission = scan("exception", 91, reason="lost", party="carrier")
    correction = scan("exception", 91, 95, reason="weather", replaces=admission.scan_id)
    lost = NO_PROMISE | {"silence": LOST}
    admitted = lost | {"scans": (*ON_THE_ROAD, admission)}
    corrected = lost | {"scans": (*ON_THE_ROAD, admission, correction)}
    decisions = live([(90, lost), (92, admitted), (96, corrected), (99, corrected)])
    assert told(decisions) == [("open", "shipment.lost_suspected")]


def test_a_stall_is_over_when_the_parcel_moves_and_not_when_somebody_talks():
    silent = NO_PROMISE | {"silence": STUCK}
    talked = silent | {"scans": (*ON_THE_ROAD, scan("info_only", 70), scan("exception", 71))}
    moved = silent | {"scans": (*ON_THE_ROAD, scan("hub_departure", 80))}
    decisions = live([(71, silent), (72, talked), (81, moved), (82, moved)])
    assert told(decisions) == [("open", "shipment.stalled"), ("close", None)]
    assert decisions[-1].incidents[0].outcome == "moved"


def test_news_of_an_old_move_does_not_end_a_silence_that_goes_on():
    silent = NO_PROMISE | {"silence": STUCK}
    old_news = silent | {"scans": (*ON_THE_ROAD, scan("hub_departure", 14, 85))}
    assert told(live([(80, silent), (90, old_news), (90, old_news)])) == [("open", "shipment.stalled")]


def test_a_probability_that_wavers_neither_closes_nor_repeats_a_stall():
    story = [(80 + hour, NO_PROMISE | {"silence": Silence(1 - p, p, 0.0)}) for hour, p in enumerate((0.81, 0.7, 0.85))]
    assert told(live(story)) == [("open", "shipment.stalled")]


@pytest.mark.parametrize("code", ["at_pickup_point", "delivered"])
def test_what_waits_at_a_pickup_point_or_has_come_is_not_stalled(code):
    facts = NO_PROMISE | {"silence": STUCK, "scans": (*ON_THE_ROAD, scan(code, 20)), "pickup_until": date(2027, 4, 1)}
    assert told(live([(24 * 5, facts)])) == []


def test_failed_attempts_are_one_alert_that_counts_them():
    first = (*ON_THE_ROAD, scan("out_for_delivery", 30), scan("delivery_attempted", 34))
    again = (*first, scan("out_for_delivery", 54))
    second = (*again, scan("delivery_attempted", 58))
    policy = replace(AWAKE, return_attempts=3)
    story = [(hour, NO_PROMISE | {"scans": scans}) for hour, scans in ((35, first), (55, again), (59, second))]
    decisions = live(story, policy)
    assert told(decisions) == [("open", "delivery.attempt_failed"), ("update", "delivery.attempt_failed")]
    came = NO_PROMISE | {"scans": (*second, scan("delivered", 80))}
    assert told(live([*story, (81, came)], policy))[-1] == ("close", None)


def test_an_attempt_that_the_carrier_corrects_is_over_and_the_real_one_is_told():
    wrong = scan("delivery_attempted", 34)
    out = scan("out_for_delivery", 34, 36, replaces=wrong.scan_id)
    story = [(hour, NO_PROMISE | {"scans": (*ON_THE_ROAD, wrong, *scans)}) for hour, scans in (
        (35, ()), (37, (out,)), (41, (out, scan("delivery_attempted", 40)))
    )]  # fmt: skip
    decisions = live(story)
    opened = ("open", "delivery.attempt_failed")
    assert told(decisions) == [opened, ("close", None), opened]
    assert decisions[1].incidents[0].outcome == "corrected"


def test_a_further_attempt_that_the_carrier_corrects_is_told_when_it_comes_true():
    first, wrong = scan("delivery_attempted", 34), scan("delivery_attempted", 58)
    out = scan("out_for_delivery", 58, 60, replaces=wrong.scan_id)
    story = [(hour, NO_PROMISE | {"scans": (*ON_THE_ROAD, first, *scans)}) for hour, scans in (
        (35, ()), (59, (wrong,)), (61, (wrong, out)), (65, (wrong, out, scan("delivery_attempted", 64)))
    )]  # fmt: skip
    decisions = live(story, replace(AWAKE, return_attempts=3))
    again = ("update", "delivery.attempt_failed")
    assert told(decisions) == [("open", "delivery.attempt_failed"), again, again]
    assert [one.incidents[0].step for one in decisions] == [1, 2, 1, 2]


def test_a_failed_attempt_is_told_even_at_night():
    tried = NO_PROMISE | {"scans": (*ON_THE_ROAD, scan("delivery_attempted", 44))}
    assert told(live([(45, tried)], AlertPolicy())) == [("open", "delivery.attempt_failed")]


def test_the_last_days_at_a_pickup_point_are_told_at_each_reminder():
    at_point = NO_PROMISE | {"scans": (*ON_THE_ROAD, scan("at_pickup_point", 20)), "pickup_until": date(2027, 3, 8)}
    decisions = live([(24 * day + 12, at_point) for day in range(1, 8)])  # Tuesday to Monday
    assert [len(one.changes) for one in decisions] == [0, 0, 0, 1, 0, 1, 0]
    assert told(decisions) == [("open", "pickup.expiring"), ("update", "pickup.expiring")]
    assert decisions[0].wake_at == hours(24 * 4 - 1)
    collected = NO_PROMISE | {"scans": (*at_point["scans"], scan("delivered", 190))}
    assert decisions[-1].incidents[0].is_open
    assert live([(191, collected)], incidents=decisions[-1].incidents)[0].incidents[0].outcome == "collected"


def _waits(day, until):
    """Noon of a day of March at the pickup point, with a last day there."""
    waits = {"scans": (*ON_THE_ROAD, scan("at_pickup_point", 20)), "pickup_until": date(2027, 3, until)}
    return 24 * (day - 1) + 11, NO_PROMISE | waits


def test_a_last_day_that_is_put_off_has_reminders_of_its_own():
    decisions = live([_waits(5, 8), _waits(7, 8), _waits(7, 20), _waits(12, 20), _waits(17, 20), _waits(19, 20)])
    assert [[change.kind for change in one.changes] for one in decisions] == [
        ["open"], ["update"], ["close"], [], ["open"], ["update"]
    ]  # fmt: skip
    ended, opened = decisions[-1].incidents
    assert (ended.outcome, ended.by, opened.key, opened.by) == (
        "extended", date(2027, 3, 8), "p1/pickup/2", date(2027, 3, 20)
    )  # fmt: skip


def test_a_last_day_that_is_put_off_to_tomorrow_is_told_at_once():
    decisions = live([_waits(7, 8), _waits(8, 9), _waits(8, 9)])
    assert told(decisions) == [("open", "pickup.expiring"), ("close", None), ("open", "pickup.expiring")]


def test_an_alert_that_did_not_keep_its_last_day_is_neither_ended_nor_told_again_for_it():
    (kept,) = live([_waits(5, 8)])[0].incidents
    assert told(live([_waits(6, 8)], incidents=(replace(kept, by=None),))) == []


def test_a_risk_of_return_is_over_when_the_last_day_is_put_off_and_told_again_when_that_passes():
    decisions = live([_waits(9, 8), _waits(9, 20), _waits(21, 20)])
    ours = [change for one in decisions for change in one.changes if change.incident.family == "return"]
    assert [(change.kind, change.type) for change in ours] == [
        ("open", "return.risk"), ("close", None), ("open", "return.risk")
    ]  # fmt: skip
    assert ours[1].incident.outcome == "extended"


def test_without_a_deadline_from_the_carrier_the_policys_days_count():
    at_point = NO_PROMISE | {"scans": (*ON_THE_ROAD, scan("at_pickup_point", 20))}
    assert told(live([(24 * 4 + 12, at_point)])) == [("open", "pickup.expiring")]
    assert told(live([(24 * 4 + 12, at_point)], replace(AWAKE, pickup_days=14))) == []


def test_a_parcel_that_nobody_collects_may_go_back():
    at_point = NO_PROMISE | {"scans": (*ON_THE_ROAD, scan("at_pickup_point", 20)), "pickup_until": date(2027, 3, 3)}
    decisions = live([(24 * 2 + 12, at_point), (24 * 3 + 12, at_point), (24 * 4 + 12, at_point)])
    assert told(decisions) == [("open", "pickup.expiring"), ("open", "return.risk")]


@pytest.mark.parametrize(
    "news",
    [
        (scan("delivery_attempted", 34), scan("delivery_attempted", 58)),
        (scan("exception", 58, reason="incorrect_address", party="recipient"),),
        (scan("exception", 58, reason="refused", party="recipient"),),
    ],
)
def test_what_usually_ends_in_a_return_is_told_before_it_begins(news):
    facts = NO_PROMISE | {"scans": (*ON_THE_ROAD, *news)}
    back = NO_PROMISE | {"scans": (*facts["scans"], scan("return_started", 70)), "risk": None}
    home = NO_PROMISE | {"scans": (*back["scans"], scan("returned", 140)), "risk": None}
    decisions = live([(59, facts), (60, facts), (71, back), (141, home), (150, home)])
    ours = [change for one in decisions for change in one.changes if change.incident.family == "return"]
    assert [(change.kind, change.type) for change in ours] == [
        ("open", "return.risk"), ("update", "return.started"), ("close", None)
    ]  # fmt: skip
    assert ours[-1].incident.key == "p1/return/1"


def test_a_return_of_which_only_the_end_is_scanned_is_told_once():
    home = NO_PROMISE | {"scans": (*ON_THE_ROAD, scan("returned", 140)), "risk": None}
    decisions = live([(141, home), (141, home), (150, home)])
    assert told(decisions[:1]) == told(decisions) == [("open", "return.started"), ("close", None)]


def test_a_return_that_was_corrected_and_then_ends_is_told_again():
    wrong = scan("return_started", 40)
    corrected = (*ON_THE_ROAD, wrong, scan("hub_arrival", 41, 44, replaces=wrong.scan_id))
    story = [(at, NO_PROMISE | {"scans": scans}) for at, scans in (
        (42, (*ON_THE_ROAD, wrong)), (45, corrected), (141, (*corrected, scan("returned", 140)))
    )]  # fmt: skip
    assert told(live(story)) == [("open", "return.started"), ("close", None)] * 2


def test_a_risk_of_return_ends_where_returns_are_not_told():
    refused = (*ON_THE_ROAD, scan("exception", 58, reason="refused", party="recipient"))
    story = [(59, NO_PROMISE | {"scans": refused}), (141, NO_PROMISE | {"scans": (*refused, scan("returned", 140))})]
    decisions = live(story, replace(AWAKE, types=AWAKE.types - {"return.started"}))
    assert told(decisions) == [("open", "return.risk"), ("close", None)]


def test_a_risk_of_return_is_over_when_the_parcel_moves_on():
    held = NO_PROMISE | {"scans": (*ON_THE_ROAD, scan("exception", 58, reason="incorrect_address"))}
    moved = NO_PROMISE | {"scans": (*held["scans"], scan("out_for_delivery", 70))}
    assert told(live([(59, held), (71, moved)])) == [("open", "return.risk"), ("close", None)]


def test_a_further_attempt_is_part_of_the_same_risk_until_one_succeeds():
    tried = NO_PROMISE | {"scans": (*ON_THE_ROAD, scan("delivery_attempted", 34), scan("delivery_attempted", 58))}
    out = NO_PROMISE | {"scans": (*tried["scans"], scan("out_for_delivery", 78))}
    again = NO_PROMISE | {"scans": (*out["scans"], scan("delivery_attempted", 82))}
    at_point = NO_PROMISE | {"scans": (*again["scans"], scan("at_pickup_point", 90)), "pickup_until": date(2027, 4, 1)}
    decisions = live([(59, tried), (79, out), (83, again), (91, at_point)])
    ours = [change for one in decisions for change in one.changes if change.incident.family == "return"]
    assert [(change.kind, change.type) for change in ours] == [("open", "return.risk"), ("close", None)]
    assert ours[-1].incident.outcome == "moved"


def test_a_parcel_on_its_way_to_the_shop_has_no_alerts():
    back = {"is_return": True, "risk": 0.99, "silence": LOST, "scans": (*ON_THE_ROAD, scan("return_started", 20))}
    assert told(live([(24 * day, back) for day in range(1, 20)])) == []


def test_a_cancelled_order_ends_its_alerts():
    cancelled = waiting(scans=(scan("exception", 55, reason="cancelled", party="merchant"),))
    decisions = live([(OVERDUE, waiting()), (56, cancelled), (90, cancelled)])
    assert told(decisions) == [("open", "dispatch.late"), ("close", None)]
    assert decisions[-1].incidents[0].outcome == "cancelled"


def test_a_later_return_of_a_delivered_parcel_is_no_alert():
    came = NO_PROMISE | {"scans": (*ON_THE_ROAD, scan("delivered", 30), scan("return_started", 90))}
    assert told(live([(31, came), (91, came)])) == []
