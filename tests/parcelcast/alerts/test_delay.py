from dataclasses import replace
from datetime import date, timedelta

import pytest

from parcelcast.alerts import AlertPolicy, decide
from parcelcast.alerts.delay import last_chance
from parcelcast.eta import Silence
from parcelcast.tracking.handover import handover_report
from tests.parcelcast.alerts.situations import AWAKE, ON_THE_ROAD, live, situation, told
from tests.parcelcast.tracking.reports import hours, scan

HIGH, LOW, BETWEEN = {"risk": 0.9}, {"risk": 0.1}, {"risk": 0.5}
CONFIRM = 96 - 1 + 12  # Friday noon in Munich
DELIVERED = {"scans": (*ON_THE_ROAD, scan("delivered", 100)), "risk": None}


def test_a_high_risk_opens_one_alert_and_says_it_once():
    decisions = live([(30, HIGH), (36, HIGH), (50, HIGH)])
    assert told(decisions) == [("open", "delay.predicted")]
    (incident,) = decisions[-1].incidents
    assert (incident.key, incident.revision, incident.by) == ("p1/delay/1", 1, date(2027, 3, 6))
    assert incident.probability == pytest.approx(0.9)


def test_the_alert_opens_at_the_threshold_and_not_below():
    assert told(live([(30, {"risk": 0.79})])) == []
    assert told(live([(30, {"risk": 0.81})])) == [("open", "delay.predicted")]


def test_a_prediction_is_confirmed_by_an_update_of_the_same_alert():
    decisions = live([(30, HIGH), (CONFIRM - 1, HIGH), (CONFIRM, HIGH)])
    assert told(decisions) == [("open", "delay.predicted"), ("update", "delay.confirmed")]
    assert {one.incidents[0].key for one in decisions} == {"p1/delay/1"}
    assert decisions[-1].incidents[0].revision == 2


def test_between_the_end_of_the_promised_day_and_the_grace_nothing_is_told():
    assert told(live([(96, HIGH), (CONFIRM - 0.1, HIGH)])) == []
    assert told(live([(96, HIGH), (CONFIRM, HIGH)])) == [("open", "delay.confirmed")]
    assert live([(96, HIGH)])[0].wake_at == hours(CONFIRM)


def test_a_low_risk_takes_the_alert_back_once_it_has_held():
    decisions = live([(30, HIGH), (32, LOW), (36, LOW), (38, LOW), (39, LOW)])
    assert told(decisions) == [("open", "delay.predicted"), ("retract", "delay.recovered")]
    assert decisions[1].wake_at == hours(38)
    (incident,) = decisions[-1].incidents
    assert (incident.state, incident.outcome, incident.type) == ("retracted", "recovered", "delay.predicted")


def test_a_risk_that_rises_again_begins_the_hold_anew():
    decisions = live([(30, HIGH), (32, LOW), (36, BETWEEN), (38, LOW), (43, LOW)])
    assert told(decisions) == [("open", "delay.predicted")]
    assert decisions[-1].incidents[0].recovering_since == hours(38)


def test_a_risk_between_the_thresholds_changes_nothing():
    assert told(live([(30, BETWEEN)])) == []
    assert told(live([(30, HIGH), *((hour, BETWEEN) for hour in range(31, 60))])) == [("open", "delay.predicted")]


def test_after_a_retraction_none_is_predicted_until_the_cooldown_is_over():
    recovered = [(6, HIGH), (8, LOW), (14, LOW)]
    decisions = live([*recovered, (20, HIGH), (37.9, HIGH), (38, HIGH)])
    assert told(decisions)[2:] == [("open", "delay.predicted")]
    assert decisions[3].wake_at == hours(38)
    assert [one.key for one in decisions[-1].incidents] == ["p1/delay/1", "p1/delay/2"]


def test_a_promise_that_has_passed_is_confirmed_in_spite_of_a_cooldown():
    recovered = [(80, HIGH), (82, LOW), (88, LOW)]
    assert told(live([*recovered, (CONFIRM, HIGH)]))[2:] == [("open", "delay.confirmed")]


def test_a_stated_date_is_told_again_only_when_it_moves_enough():
    story = [(30, HIGH), (31, HIGH | {"slip": 3}), (32, HIGH | {"slip": 4}), (33, HIGH | {"slip": 5})]
    decisions = live(story)  # Saturday, then Sunday, which is Monday
    assert told(decisions) == [("open", "delay.predicted"), ("update", "delay.predicted")]
    assert decisions[-1].incidents[0].by == date(2027, 3, 8)
    every_day = live(story, replace(AWAKE, update_days=1))
    assert len(told(every_day)) == 3


def test_a_stated_date_that_has_passed_is_told_anew():
    late = {"risk": 0.9, "slip": 3}
    decisions = live([(30, HIGH), (CONFIRM, HIGH), (24 * 6 + 6, late)])
    assert told(decisions)[-1] == ("update", "delay.confirmed")
    assert decisions[-1].incidents[0].by == date(2027, 3, 8)


def test_while_nothing_is_heard_dates_that_pass_are_told_ever_more_rarely():
    passing = [(24 * day + 12, HIGH | {"slip": day - 3 + 2}) for day in range(4, 35)]  # always the day after tomorrow
    told_on = [hour // 24 - 3 for (hour, _), one in zip(passing, live(passing), strict=True) if one.changes]
    assert told_on == [1, 4, 8, 16]


def test_a_date_that_moves_because_something_was_heard_is_told_at_once():
    moved = HIGH | {"slip": 12}
    silent = [(24 * 6 + 12, HIGH), (24 * 7 + 12, moved)]
    assert told(live(silent)) == [("open", "delay.confirmed")]
    for news in (scan("hub_departure", 24 * 7), scan("exception", 24 * 7, reason="weather")):
        heard = [silent[0], (24 * 7 + 12, moved | {"scans": (*ON_THE_ROAD, news)})]
        assert told(live(heard)) == [("open", "delay.confirmed"), ("update", "delay.confirmed")]
    talked = [silent[0], (24 * 7 + 12, moved | {"scans": (*ON_THE_ROAD, scan("info_only", 24 * 7))})]
    assert told(live(talked)) == [("open", "delay.confirmed")]


@pytest.mark.parametrize(("hour", "outcome"), [(80, "delivered_in_time"), (100, "delivered_late")])
def test_a_delivery_closes_the_alert_without_a_word_and_tells_whether_it_was_right(hour, outcome):
    scans = (*ON_THE_ROAD, scan("delivered", hour))
    decisions = live([(30, HIGH), (101, {"scans": scans, "risk": None}), (200, {"scans": scans, "risk": None})])
    assert told(decisions) == [("open", "delay.predicted"), ("close", None)]
    assert decisions[-1].incidents[0].outcome == outcome
    assert decisions[-1].incidents[0].revision == 1


def test_once_delivered_there_is_no_delay():
    assert told(live([(101, DELIVERED), (500, DELIVERED)])) == []


def test_a_parcel_that_goes_back_has_no_delay_any_more():
    returning = {"scans": (*ON_THE_ROAD, scan("return_started", 40)), "risk": None}
    decisions = live([(30, HIGH), (41, returning), (CONFIRM, returning)])
    assert told(decisions) == [("open", "delay.predicted"), ("close", None), ("open", "return.started")]


def test_without_a_promise_there_is_no_delay():
    assert told(live([(30, HIGH | {"promised_on": None}), (400, HIGH | {"promised_on": None})])) == []


def test_silence_alone_is_never_late():
    dark = {"risk": 0.99, "scans": (scan("label_created", 0),), "basis": "carrier_quote"}
    assert told(live([(30, dark), (CONFIRM, dark), (400, dark)])) == []
    learned = dark | {"basis": "model"}
    assert told(live([(30, learned)])) == [("open", "delay.predicted")]


def test_the_shops_own_word_that_it_left_is_no_scan():
    """A carrier that tells nothing after it may have brought the parcel in time."""
    left = handover_report("dpd", "A1", hours(6), hours(6))
    dark = {"risk": 0.99, "scans": (left,), "basis": "carrier_quote", "silence": Silence(0.0, 0.9, 0.1)}
    assert told(live([(30, dark), (CONFIRM, dark), (400, dark)])) == []
    scanned = dark | {"scans": (left, scan("hub_arrival", 20))}
    assert told(live([(30, scanned)])) == [("open", "delay.predicted")]


def test_a_parcel_told_of_after_its_promise_gets_the_grace_for_its_scans():
    imported = HIGH | {"known_since": hours(400)}
    decisions = live([(400, imported), (411.9, imported)])
    assert told(decisions) == []
    assert decisions[0].wake_at == hours(412)
    assert told(live([(412, imported)])) == [("open", "delay.confirmed")]


def test_another_promise_ends_the_alert_of_the_one_before_without_a_word():
    anew = HIGH | {"promised_on": date(2027, 3, 20), "risk": 0.0}
    decisions = live([(30, HIGH), (31, anew), (40, anew)])
    assert told(decisions) == [("open", "delay.predicted"), ("close", None)]
    assert decisions[-1].incidents[0].outcome == "promised_anew"
    confirmed = live([(30, HIGH), (CONFIRM, HIGH), (CONFIRM + 1, anew), (CONFIRM + 30, anew)])
    assert told(confirmed)[2:] == [("close", None)]


def test_another_promise_that_will_not_hold_either_is_told_at_once():
    anew = HIGH | {"promised_on": date(2027, 3, 5)}
    decisions = live([(30, HIGH), (31, anew), (31, anew), (40, anew)])
    assert [len(one.changes) for one in decisions] == [1, 2, 0, 0]
    assert told(decisions) == [("open", "delay.predicted"), ("close", None), ("open", "delay.predicted")]
    assert [(one.key, one.promised_on) for one in decisions[-1].incidents] == [
        ("p1/delay/1", date(2027, 3, 4)), ("p1/delay/2", date(2027, 3, 5))
    ]  # fmt: skip


def test_another_promise_has_a_last_chance_of_its_own():
    moving = (*ON_THE_ROAD, scan("hub_departure", 49))
    likely = {"risk": 0.6, "promised_on": date(2027, 3, 5), "scans": moving}
    decisions = live([(40, {"risk": 0.95}), (50, likely), (LAST_CHANCE + 24, likely)], PATIENT)
    assert told(decisions) == [("open", "delay.predicted"), ("close", None), ("open", "delay.predicted")]
    assert decisions[1].wake_at == hours(LAST_CHANCE + 24)


def test_without_a_forecast_only_a_promise_that_has_passed_is_told():
    assert told(live([(30, {"risk": None}), (CONFIRM, {"risk": None})])) == [("open", "delay.confirmed")]


def test_types_that_are_not_wanted_are_not_told():
    quiet = replace(AWAKE, types=AWAKE.types - {"delay.recovered"})
    assert told(live([(30, HIGH), (32, LOW), (39, LOW)], quiet)) == [("open", "delay.predicted"), ("close", None)]
    late_only = replace(AWAKE, types=frozenset({"delay.confirmed"}))
    assert told(live([(30, HIGH), (CONFIRM, HIGH)], late_only)) == [("open", "delay.confirmed")]
    early_only = replace(AWAKE, types=frozenset({"delay.predicted"}))
    assert told(live([(30, HIGH), (CONFIRM, HIGH)], early_only)) == [("open", "delay.predicted")]


def test_quiet_hours_hold_an_alert_and_it_is_decided_anew():
    policy = AlertPolicy()
    moving = (*ON_THE_ROAD, scan("hub_departure", 44))
    held = decide(situation(hours(45), 0.9, moving), (), policy, hours(45))  # 22:00 in Munich
    assert (held.changes, held.incidents, held.held) == ((), (), ("delay.predicted",))
    assert held.wake_at == hours(48 + 7)
    assert told(live([(45, HIGH), (55, HIGH)], policy)) == [("open", "delay.predicted")]
    assert told(live([(45, HIGH), (55, BETWEEN)], policy)) == []


def test_quiet_hours_hold_a_retraction_until_they_end():
    policy = AlertPolicy()
    decisions = live([(34, HIGH), (41, LOW), (47, LOW), (55, LOW)], policy)
    assert told(decisions) == [("open", "delay.predicted"), ("retract", "delay.recovered")]
    assert decisions[2].held == ("delay.recovered",)


def test_urgent_types_do_not_wait():
    policy = AlertPolicy(urgent=frozenset({"delay.predicted"}))
    assert told(live([(45, HIGH)], policy)) == [("open", "delay.predicted")]


def test_what_was_decided_later_is_not_decided_again_by_old_news():
    decisions = live([(50, HIGH), (40, LOW), (46, LOW), (30, HIGH)])
    assert told(decisions) == [("open", "delay.predicted")]
    assert decisions[-1].incidents == decisions[0].incidents


def test_the_first_day_of_the_delay_is_a_local_one():
    # The promised Thursday ends in Munich at 23:00 UTC.
    on_thursday = decide(situation(hours(94.9), 0.9), (), AWAKE, hours(94.9))
    assert [change.type for change in on_thursday.changes] == ["delay.predicted"]
    assert decide(situation(hours(95.1), 0.9), (), AWAKE, hours(95.1)).changes == ()


def test_a_corrected_delivery_opens_a_new_incident():
    scans = DELIVERED["scans"]
    taken_back = (*scans, scan("delivery_attempted", 100, 120, replaces=scans[-1].scan_id))
    decisions = live([(30, HIGH), (101, DELIVERED), (121, {"scans": taken_back, "risk": 0.9})])
    assert ("open", "delay.confirmed") in told(decisions[2:])
    assert [one.key for one in decisions[-1].incidents if one.family == "delay"] == ["p1/delay/1", "p1/delay/2"]


def test_thresholds_of_the_stage_count_before_those_of_any():
    policy = AlertPolicy.from_dict({
        "thresholds": {
            "any": {"open_at": 0.95, "recover_at": 0.1},
            "line_haul": {"open_at": 0.6, "recover_at": 0.1},
        },
        "quiet_hours": None,
    })  # fmt: skip
    assert told(live([(30, {"risk": 0.7})], policy)) == [("open", "delay.predicted")]
    in_depot = (*ON_THE_ROAD, scan("destination_depot", 29))
    assert told(live([(30, {"risk": 0.7, "scans": in_depot})], policy)) == []


def test_the_wake_up_is_always_ahead():
    for hour in range(0, 300, 7):
        wake_at = decide(situation(hours(hour), 0.9), (), AlertPolicy(), hours(hour)).wake_at
        assert wake_at is None or hours(hour) < wake_at <= hours(hour) + timedelta(days=9)


LAST_CHANCE = 72 - 1 - 3 - 0.5  # half an hour before 21:00 in Munich on the day before the promised one
PATIENT = AlertPolicy.from_dict({"thresholds": {"any": {"open_at": 0.4, "recover_at": 0.1, "sure_at": 0.9}}})


def test_what_is_not_sure_waits_for_the_last_chance_to_be_early():
    likely = {"risk": 0.6, "scans": (*ON_THE_ROAD, scan("hub_departure", 29))}
    early = live([(30, likely)], PATIENT)
    assert told(early) == []
    assert early[0].wake_at == hours(LAST_CHANCE)
    assert told(live([(30, likely), (LAST_CHANCE, likely)], PATIENT)) == [("open", "delay.predicted")]
    assert told(live([(30, likely), (LAST_CHANCE, {"risk": 0.3})], PATIENT)) == []
    assert told(live([(40, {"risk": 0.95})], PATIENT)) == [("open", "delay.predicted")]


def test_after_the_last_chance_only_what_is_sure_is_told():
    assert told(live([(80, {"risk": 0.6})], PATIENT)) == []
    assert told(live([(80, {"risk": 0.95})], PATIENT)) == [("open", "delay.predicted")]


@pytest.mark.parametrize(
    ("wanted", "hour"),
    [
        ({}, LAST_CHANCE),
        ({"quiet_hours": None}, 72 - 1 - 0.5),
        ({"urgent": ["delay.predicted"]}, 72 - 1 - 0.5),
        ({"lead_hours": 12}, 84 - 1 - 0.5),
        ({"lead_hours": 20}, LAST_CHANCE),  # 04:00 is in the quiet hours
        ({"lead_hours": 48}, LAST_CHANCE - 24),
    ],
)
def test_the_last_chance_comes_before_the_lead_time_and_its_quiet_hours(wanted, hour):
    policy = AlertPolicy.from_dict(wanted)
    assert last_chance(date(2027, 3, 4), "Europe/Berlin", policy) == hours(hour)


def test_a_parcel_at_a_pickup_point_has_come():
    at_point = {"risk": 0.95, "scans": (*ON_THE_ROAD, scan("at_pickup_point", 40)), "pickup_until": date(2027, 3, 20)}
    assert told(live([(41, at_point), (CONFIRM, at_point)])) == []
    decisions = live([(30, HIGH), (41, at_point), (CONFIRM, at_point)])
    assert told(decisions) == [("open", "delay.predicted"), ("close", None)]
    assert decisions[-1].incidents[0].outcome == "at_pickup_point"
