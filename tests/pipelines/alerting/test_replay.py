from datetime import timedelta

from parcelcast.alerts import AlertPolicy
from pipelines.alerting.replay import replay
from tests.parcelcast.alerts.situations import AWAKE, ON_THE_ROAD
from tests.parcelcast.tracking.reports import MONDAY, hours, scan
from tests.pipelines.alerting.tracks import LATE, track

TICK = timedelta(seconds=1)  # a situation is as of right after its news


def told(replayed):
    return [((at - MONDAY) / timedelta(hours=1), change.kind, change.type) for at, change in replayed.changes]


def test_each_look_is_decided_once_in_order():
    found = replay(track([(30, 0.9), (40, 0.9), (50, 0.05), (60, 0.05)], LATE), AWAKE)
    assert [change.kind for _, change in found.changes] == ["open", "retract"]
    assert found.most_open == 1


def test_a_decision_is_taken_again_when_it_asked_to_be():
    opened_at_night = replay(track([(45, 0.9), (60, 0.9)], LATE), AlertPolicy())
    assert told(opened_at_night) == [(55, "open", "delay.predicted")]
    held_too_short = replay(track([(45, 0.9), (50, 0.1), (60, 0.1)], LATE), AlertPolicy())
    assert told(held_too_short) == []


def test_a_recovery_is_told_as_soon_as_it_has_held():
    found = replay(track([(30, 0.9), (31, 0.05), (50, 0.05)]), AWAKE)
    retracted_at = found.changes[-1][0]
    assert found.changes[-1][1].kind == "retract"
    assert retracted_at == hours(37) + TICK


def test_a_wake_up_after_the_last_look_counts_while_its_day_lasts():
    assert [kind for _, kind, _ in told(replay(track([(30, 0.9), (32, 0.1)]), AWAKE))] == ["open", "retract"]
    assert [kind for _, kind, _ in told(replay(track([(30, 0.9), (44, 0.1)]), AWAKE))] == ["open"]


def test_a_delivery_ends_it():
    came = {"risk": None, "scans": (*ON_THE_ROAD, scan("delivered", 70))}
    found = replay(track([(30, 0.9), (71, came)]), AWAKE)
    assert [change.kind for _, change in found.changes] == ["open", "close"]
