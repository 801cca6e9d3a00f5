import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from serving.stores.deliveries import (
    Lease,
    Limits,
    Outcome,
    QueueState,
    claim,
    has_due,
    queue_state,
    replay_after,
    replay_dead,
    replay_event,
    settle,
)
from serving.stores.endpoints import change_wishes, disable, enable, read_endpoints
from serving.stores.events import append_test
from serving.stores.schema import deliveries
from tests.serving.stores.outbox import DELAY, NOON, add_endpoint, event, tell

SECOND = timedelta(seconds=1)
LEASE_ENDS = NOON + 60 * SECOND


def _claim(database, now=NOON, lease="mine", busy=None, limits=None):
    with database.writing() as connection:
        return claim(connection, now, Lease(lease, now + 60 * SECOND), ["webhook"], busy or {}, limits or Limits())


def _settle(database, *outcomes):
    with database.writing() as connection:
        settle(connection, outcomes)


def _endpoint(database, endpoint_id="a"):
    with database.reading() as connection:
        return read_endpoints(connection, [endpoint_id])[endpoint_id]


def _row(database, claimed):
    mine = deliveries.c.endpoint_id == claimed.endpoint.endpoint_id
    with database.reading() as connection:
        return connection.execute(select(deliveries).where(mine, deliveries.c.seq == claimed.seq)).one()


def _ids(claimed):
    return [(found.endpoint.endpoint_id, int(found.event_id[-4:])) for found in claimed]


def _delivered(claimed, at=NOON):
    return Outcome(claimed, at, at + SECOND, status=204)


def _failed(claimed, at=NOON, due_at=LEASE_ENDS, **changes):
    return Outcome(claimed, at, at + SECOND, **{"status": 500, "error": "status 500", "due_at": due_at, **changes})


@pytest.fixture
def two(database):
    """Two endpoints and three events."""
    add_endpoint(database, "a")
    add_endpoint(database, "b")
    tell(database, [event(number) for number in (1, 2, 3)])
    return database


def test_what_is_due_is_claimed_in_order_with_all_that_sending_needs(two):
    claimed = _claim(two)

    assert _ids(claimed) == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2), ("b", 3)]
    assert (claimed[0].type, claimed[0].subject, claimed[0].attempts) == (DELAY, "p1", 0)
    assert json.loads(claimed[0].body)["id"] == claimed[0].event_id


def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(two):
    first = _claim(two)

    assert _claim(two, LEASE_ENDS - SECOND, "other") == []
    assert _ids(_claim(two, LEASE_ENDS, "other")) == _ids(first)


def test_nothing_is_claimed_before_it_is_due(two):
    assert _claim(two, NOON - SECOND) == []
    with two.reading() as connection:
        assert [has_due(connection, now, ["webhook"]) for now in (NOON - SECOND, NOON)] == [False, True]


def test_endpoints_of_other_kinds_are_left_to_others(two):
    add_endpoint(two, "bus", kind="bus")
    tell(two, [event(4)])

    assert "bus" not in {endpoint_id for endpoint_id, _ in _ids(_claim(two))}
    with two.reading() as connection:
        assert [has_due(connection, NOON, kinds) for kinds in (["bus"], [])] == [True, False]


def test_limits_hold_in_all_and_at_each_endpoint(two):
    limits = Limits(in_all=5, at_one=2)

    assert _ids(_claim(two, limits=limits)) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert _claim(two, limits=limits, busy={"a": 2, "b": 2}) == []
    assert _ids(_claim(two, limits=limits, busy={"a": 1, "c": 3})) == [("a", 3)]


def test_an_endpoint_that_fails_again_and_again_is_tried_singly(two):
    failed = _claim(two)
    _settle(two, *[_failed(found, NOON, NOON + SECOND) for found in failed if found.endpoint.endpoint_id == "a"])

    assert _ids(_claim(two, NOON + SECOND)) == [("a", 1)]


def test_whoever_was_tried_longest_ago_comes_first(two):
    _settle(two, *[_failed(found, NOON, NOON + SECOND) for found in _claim(two, limits=Limits(in_all=1))])

    claimed = _claim(two, NOON + SECOND, limits=Limits(in_all=4))

    assert _ids(claimed) == [("b", 1), ("b", 2), ("b", 3), ("a", 2)]


def test_a_delivered_event_is_never_due_again(two):
    first = _claim(two)[0]
    _settle(two, _delivered(first))

    row = _row(two, first)
    assert (row.state, row.attempts, row.last_status, row.last_error) == ("delivered", 1, 204, None)
    assert (row.first_tried_at, row.last_tried_at, row.ended_at) == (NOON, NOON, NOON + SECOND)
    assert sorted(_ids(_claim(two, LEASE_ENDS)))[:2] == [("a", 2), ("a", 3)]


def test_a_failed_delivery_is_due_when_it_was_said(two):
    first, *others = _claim(two)
    later = NOON + timedelta(minutes=5)
    _settle(two, _failed(first, due_at=later), *[_delivered(other) for other in others])

    assert _claim(two, later - SECOND) == []
    [again] = _claim(two, later)
    assert (again.event_id, again.attempts, again.first_tried_at) == (first.event_id, 1, NOON)


def test_a_last_failure_leaves_a_dead_letter(two):
    first = _claim(two)[0]
    _settle(two, _failed(first, due_at=None))

    row = _row(two, first)
    assert (row.state, row.last_error, row.ended_at) == ("dead", "status 500", NOON + SECOND)


def test_an_outcome_after_the_lease_ended_does_not_count(two):
    late = _claim(two)[0]
    [other, *_] = _claim(two, LEASE_ENDS, "other")
    _settle(two, _failed(late, due_at=None))

    assert _row(two, late).state == "pending"

    _settle(two, _delivered(other))

    assert _row(two, late).state == "delivered"


def test_health_counts_failures_since_the_last_success(two):
    one, two_, three = (found for found in _claim(two) if found.endpoint.endpoint_id == "a")
    _settle(two, _failed(one), _delivered(two_, NOON + SECOND), _failed(three, NOON + 2 * SECOND))

    health = _endpoint(two).health
    assert (health.failures, health.failing_since, health.last_tried_at) == (1, NOON + 2 * SECOND, NOON + 2 * SECOND)
    assert (health.last_status, health.last_error, health.last_delivered_at) == (500, "status 500", NOON + 2 * SECOND)

    [again] = [found for found in _claim(two, LEASE_ENDS) if found.seq == one.seq and found.endpoint.endpoint_id == "a"]
    _settle(two, _failed(again, LEASE_ENDS))
    health = _endpoint(two).health
    assert (health.failures, health.failing_since) == (2, NOON + 2 * SECOND)

    [again] = [found for found in _claim(two, LEASE_ENDS + 99 * SECOND) if found.endpoint.endpoint_id == "a"][:1]
    _settle(two, _delivered(again, LEASE_ENDS + 99 * SECOND))
    health = _endpoint(two).health
    assert (health.failures, health.failing_since, health.last_error) == (0, None, None)
    assert _endpoint(two, "b").health.last_tried_at is None


def test_a_paused_endpoint_is_left_alone(two):
    first = next(found for found in _claim(two, limits=Limits(at_one=1)) if found.endpoint.endpoint_id == "a")
    pause_until = NOON + timedelta(minutes=2)
    _settle(two, _failed(first, due_at=NOON + 5 * SECOND, pause_until=pause_until))

    assert {endpoint_id for endpoint_id, _ in _ids(_claim(two, pause_until - SECOND))} == {"b"}
    assert ("a", 1) in _ids(_claim(two, pause_until))


@pytest.mark.parametrize("other", [_failed, _delivered])
def test_a_pause_holds_whatever_else_was_under_way_and_ends_by_itself(two, other):
    first, second, third = (found for found in _claim(two) if found.endpoint.endpoint_id == "a")
    pause_until = NOON + timedelta(minutes=10)
    _settle(two, _failed(first, pause_until=pause_until))
    _settle(two, other(second, NOON + SECOND))
    _settle(two, _failed(third, NOON + 2 * SECOND, pause_until=NOON + timedelta(minutes=1)))

    assert _endpoint(two).health.paused_until == pause_until
    assert {endpoint_id for endpoint_id, _ in _ids(_claim(two, pause_until - SECOND))} == {"b"}

    _settle(two, _delivered(_claim(two, pause_until)[0], pause_until))

    assert _endpoint(two).health.paused_until is None


def test_what_is_settled_with_a_pause_does_not_end_it(two):
    first, second, _ = (found for found in _claim(two) if found.endpoint.endpoint_id == "a")
    pause_until = NOON + timedelta(minutes=10)
    _settle(two, _failed(first, pause_until=pause_until), _delivered(second, NOON + SECOND))

    assert _endpoint(two).health.paused_until == pause_until


def test_the_answer_of_an_url_that_was_left_says_nothing_of_the_new_one(two):
    paused, gone, left = (found for found in _claim(two) if found.endpoint.endpoint_id == "a")
    _settle(two, _failed(paused, due_at=LEASE_ENDS, pause_until=NOON + timedelta(hours=1)))
    with two.writing() as connection:
        change_wishes(connection, "a", "https://new.example/", None)
    _settle(two, _failed(gone, status=410, due_at=None, is_gone=True), _failed(left, pause_until=LEASE_ENDS + SECOND))

    endpoint = _endpoint(two)
    assert (endpoint.state, endpoint.health.paused_until, endpoint.health.failures) == ("enabled", None, 1)
    assert [found.seq for found in _claim(two, NOON + SECOND)] == [gone.seq]
    assert ("a", 1) in _ids(_claim(two, LEASE_ENDS))


def test_an_endpoint_that_was_enabled_again_is_not_disabled_by_an_older_attempt(two):
    gone = _claim(two)[0]
    with two.writing() as connection:
        disable(connection, "a", "by hand", NOON)
        enable(connection, "a")
        replay_dead(connection, _endpoint(two), NOON)
    _settle(two, _failed(gone, status=410, due_at=None, is_gone=True))

    assert _endpoint(two).state == "enabled"
    assert ("a", 1) in _ids(_claim(two))


def test_an_endpoint_that_is_gone_is_disabled_with_all_its_letters(two):
    first = _claim(two, limits=Limits(at_one=1))[0]
    _settle(two, _failed(first, status=410, error="status 410", due_at=None, is_gone=True))

    endpoint = _endpoint(two)
    assert (endpoint.state, endpoint.state_reason) == ("disabled", "status 410")
    assert {endpoint_id for endpoint_id, _ in _ids(_claim(two, LEASE_ENDS))} == {"b"}
    with two.reading() as connection:
        assert queue_state(connection, LEASE_ENDS + 60 * SECOND) == QueueState(3, 3, LEASE_ENDS + 60 * SECOND, 3)


def test_dead_letters_are_replayed(two):
    dead = _claim(two)[:3]
    _settle(two, *[_failed(found, due_at=None) for found in dead])
    with two.writing() as connection:
        assert replay_dead(connection, _endpoint(two), LEASE_ENDS) == 3
        assert replay_dead(connection, _endpoint(two), LEASE_ENDS) == 0

    again = [found for found in _claim(two, LEASE_ENDS) if found.endpoint.endpoint_id == "a"]
    assert [(found.seq, found.attempts, found.first_tried_at) for found in again] == [
        (found.seq, 0, None) for found in dead[:1]
    ]


def test_one_event_is_replayed_whatever_became_of_it(two):
    first = _claim(two)[0]
    _settle(two, _delivered(first))
    add_endpoint(two, "new")

    with two.writing() as connection:
        assert replay_event(connection, _endpoint(two), first.event_id, LEASE_ENDS) == 1
        assert replay_event(connection, _endpoint(two, "new"), first.event_id, LEASE_ENDS) == 1
        assert replay_event(connection, _endpoint(two), "none", LEASE_ENDS) == 0

    assert {("a", 1), ("new", 1)} <= set(_ids(_claim(two, LEASE_ENDS)))


def test_an_event_of_another_merchant_is_not_replayed(two):
    add_endpoint(two, "kiosk", merchant_id="kiosk", types=json.dumps(["parcelcast.return.risk"]))
    tell(two, [event(4, merchant_id="other")])
    with two.writing() as connection:
        append_test(connection, "kiosk", event(5).event_id, NOON)
        kiosk = _endpoint(two, "kiosk")
        assert [replay_event(connection, kiosk, event(number).event_id, NOON) for number in (1, 4, 5)] == [1, 0, 1]

    assert [found for found in _ids(_claim(two)) if found[0] == "kiosk"] == [("kiosk", 1), ("kiosk", 5)]


def test_a_replay_leaves_alone_what_is_under_way(two):
    first = _claim(two)[0]

    with two.writing() as connection:
        assert replay_event(connection, _endpoint(two), first.event_id, NOON) == 0

    assert _claim(two, NOON, "other") == []


def test_a_replay_since_a_cursor_brings_what_the_endpoint_wants(two):
    add_endpoint(two, "new", types=json.dumps([DELAY]), merchant_id="kiosk", state="disabled")
    tell(two, [event(4), event(5, merchant_id="other"), event(6, type="parcelcast.return.risk")])
    new = replace(_endpoint(two, "new"))
    with two.writing() as connection:
        assert replay_after(connection, new, _seq(two, 1), NOON) == 3

    with two.reading() as connection:
        found = connection.execute(select(deliveries.c.seq).where(deliveries.c.endpoint_id == "new")).scalars().all()
    assert sorted(found) == [_seq(two, number) for number in (2, 3, 4)]


def test_the_queue_is_counted(two):
    with two.reading() as connection:
        assert queue_state(connection, NOON - SECOND) == QueueState(6, 0, None, 0)
        assert queue_state(connection, NOON) == QueueState(6, 6, NOON, 0)


def _seq(database, number):
    with database.reading() as connection:
        first = connection.execute(select(deliveries.c.seq).order_by(deliveries.c.seq)).scalars().first()
    return first + number - 1
