from datetime import timedelta

from serving.stores.deliveries import Lease, Limits, Outcome, claim, settle
from serving.stores.delivery_history import Tally, read_history, tally
from tests.serving.stores.outbox import NOON, add_endpoint, event, tell


def _history(database, endpoint_id="a", state=None, before=None, limit=10):
    with database.reading() as connection:
        return read_history(connection, endpoint_id, state, before, limit)


def _tally(database, endpoint_id="a"):
    with database.reading() as connection:
        return tally(connection, endpoint_id)


def test_deliveries_are_told_the_newest_first(database):
    add_endpoint(database, "a")
    add_endpoint(database, "b")
    numbers = tell(database, [event(number) for number in (1, 2, 3)])

    assert [row.seq for row in _history(database)] == numbers[::-1]
    assert [row.seq for row in _history(database, limit=2)] == numbers[:0:-1]
    assert [row.seq for row in _history(database, before=numbers[2])] == numbers[1::-1]
    newest = _history(database)[0]
    assert (newest.event_id, newest.shipment_id, newest.created_at) == (event(3).event_id, "p3", NOON)
    assert (newest.state, newest.attempts, newest.last_tried_at) == ("pending", 0, None)


def test_states_are_counted_and_attempts_shared(database):
    add_endpoint(database, "a")
    tell(database, [event(number) for number in (1, 2, 3, 4)])
    assert _tally(database) == Tally(4, 0, 0, None)

    for minute in range(2):
        now = NOON + timedelta(minutes=minute)
        with database.writing() as connection:
            taken = claim(connection, now, Lease("mine", now), ["webhook"], {}, Limits(in_all=3))
            good, failed, *others = taken
            again = {"status": 500, "error": "status 500"}
            settle(
                connection,
                [
                    Outcome(good, now, now, status=200),
                    Outcome(failed, now, now, **again, due_at=now),
                    *(Outcome(other, now, now, **again) for other in others),
                ],
            )

    # Six attempts at four deliveries: two delivered, one dead at once, one dead after another attempt.
    counted = _tally(database)
    assert (counted.pending + counted.delivered + counted.dead, counted.delivered) == (4, 2)
    attempts = sum(row.attempts for row in _history(database))
    assert counted.success_share == 2 / attempts
    assert {row.state for row in _history(database, state="delivered")} == {"delivered"}
    assert _tally(database, "none") == Tally(0, 0, 0, None)
