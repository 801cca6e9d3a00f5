"""The queue: on both databases, by a clock that is set."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import insert, select

from serving.stores import work
from serving.stores.etas import StatementRow, read_statements, write_statements
from serving.stores.schema import shipments
from serving.stores.schema import work as work_table
from serving.stores.work import Claim

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
LEASE = timedelta(minutes=1)


def _later(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def _register(database, *shipment_ids, now=NOON):
    rows = [
        {
            "shipment_id": one,
            "order_id": one,
            "merchant_id": "m",
            "registered_at": now,
            "updated_at": now,
            "facts": "{}",
        }
        for one in shipment_ids
    ]
    with database.writing() as connection:
        connection.execute(insert(shipments), rows)
        work.mark_due(connection, shipment_ids, now)


def _claim(database, lease, now=NOON, limit=10):
    with database.writing() as connection:
        return work.claim(connection, now, lease, now + LEASE, limit)


def _finish(database, lease, claims, next_look, now=NOON):
    with database.writing() as connection:
        held = work.hold(connection, lease, [one.shipment_id for one in claims])
        done = [one for one in claims if one.shipment_id in held]
        work.finish(connection, done, {one.shipment_id: next_look for one in done})
    return held


def _ids(claims):
    return sorted(one.shipment_id for one in claims)


def _news(database, *shipment_ids, now=NOON):
    with database.writing() as connection:
        work.mark_due(connection, shipment_ids, now)


def test_a_parcel_is_taken_by_one_lease_at_a_time(database):
    _register(database, "a", "b", "c")

    first = _claim(database, "one", limit=2)
    second = _claim(database, "two")

    assert len(first) == 2
    assert _ids([*first, *second]) == ["a", "b", "c"]
    assert _claim(database, "three") == []


def test_what_is_due_longest_comes_first(database):
    _register(database, "new", now=_later(2))
    _register(database, "old", now=NOON)

    assert _ids(_claim(database, "one", now=_later(3), limit=1)) == ["old"]


def test_the_lease_of_a_dead_worker_ends(database):
    _register(database, "a")
    dead = _claim(database, "dead")

    assert _claim(database, "next", now=NOON + LEASE - timedelta(seconds=1)) == []
    again = _claim(database, "next", now=NOON + LEASE)

    assert _ids(again) == ["a"]
    assert _finish(database, "dead", dead, _later(60)) == set()
    assert _finish(database, "next", again, _later(60)) == {"a"}


def test_a_finished_parcel_is_due_at_its_next_look(database):
    _register(database, "a")
    _finish(database, "one", _claim(database, "one"), _later(60))

    assert _claim(database, "two", now=_later(59)) == []
    assert _claim(database, "two", now=_later(60)) == [Claim("a", 1, 0)]


def test_news_while_it_is_looked_at_keeps_a_parcel_due(database):
    _register(database, "a", "b")
    claims = _claim(database, "one")
    _news(database, "a", "b", now=_later(0.5))
    with database.writing() as connection:
        held = work.hold(connection, "one", ["a", "b"])
        work.finish(connection, claims, {"a": _later(600), "b": None})

    assert held == {"a", "b"}
    assert _claim(database, "two", now=_later(1)) == [Claim("a", 2, 0), Claim("b", 2, 0)]


def test_a_parcel_without_a_next_look_leaves_the_queue_until_there_is_news(database):
    _register(database, "a")
    _finish(database, "one", _claim(database, "one"), None)
    with database.reading() as connection:
        assert work.queue_of(connection, _later(1e6)).awaited == 0
        assert not work.with_news(connection, ["a"], _later(1e6))

    _news(database, "a", now=_later(9))

    assert _ids(_claim(database, "two", now=_later(9))) == ["a"]


def test_news_makes_a_parcel_due_at_once_but_never_later(database):
    _register(database, "a")
    _finish(database, "one", _claim(database, "one"), _later(600))
    _news(database, "a", now=_later(5))
    _news(database, "a", "a", now=_later(6))

    with database.reading() as connection:
        assert connection.execute(select(work_table.c.due_at, work_table.c.revision)).one() == (_later(5), 3)


def test_failures_are_counted_and_put_off_until_a_look_succeeds(database):
    _register(database, "a")
    for number in (0, 1):
        claims = _claim(database, f"try-{number}", now=_later(10 * number))
        assert claims == [Claim("a", 1, number)]
        with database.writing() as connection:
            work.put_off(connection, f"try-{number}", claims, {"a": _later(10 * number + 5)})
            assert work.with_news(connection, ["a"], _later(10 * number))
            assert work.queue_of(connection, NOON).failing == 1
    _finish(database, "good", _claim(database, "good", now=_later(30)), _later(60))

    with database.reading() as connection:
        assert work.queue_of(connection, NOON).failing == 0
        assert not work.with_news(connection, ["a"], _later(31))


def test_what_is_released_is_due_still(database):
    _register(database, "a", "b")
    _claim(database, "one")
    with database.writing() as connection:
        work.release(connection, "one")

    assert _ids(_claim(database, "two")) == ["a", "b"]


def test_the_queue_tells_what_is_due_and_since_when(database):
    _register(database, "a")
    _register(database, "b", now=_later(5))
    with database.reading() as connection:
        assert not work.anything_due(connection, _later(-1))
        assert work.anything_due(connection, NOON)
        assert work.queue_of(connection, _later(1)) == work.Queue(2, 1, 0, NOON)
        assert work.queue_of(connection, _later(-1)).oldest_due_at is None


@pytest.mark.parametrize("workers", [4])
def test_workers_at_once_take_each_parcel_once(database, workers):
    _register(database, *(f"p{number:03}" for number in range(120)))
    start, taken = Barrier(workers), []

    def run(name):
        start.wait()
        turn = 0
        while claims := _claim(database, f"{name}-{turn}", limit=7):
            taken.extend(_ids(claims))
            _finish(database, f"{name}-{turn}", claims, _later(60))
            turn += 1

    threads = [Thread(target=run, args=[name]) for name in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # A worker that finds all that is due locked by the others rests; what is left is taken by the next round.
    taken.extend(_ids(_claim(database, "rest", limit=200)))
    assert sorted(taken) == [f"p{number:03}" for number in range(120)]


def test_news_and_work_at_once_lose_nothing(database):
    ids = [f"p{number}" for number in range(10)]
    _register(database, *ids)
    done = []

    def tell():
        for _ in range(30):
            _news(database, *ids)

    def look(name):
        for turn in range(30):
            claims = _claim(database, f"{name}-{turn}")
            done.extend(_finish(database, f"{name}-{turn}", claims, _later(60)))

    threads = [Thread(target=tell), Thread(target=look, args=["x"]), Thread(target=look, args=["y"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while claims := _claim(database, "last"):
        _finish(database, "last", claims, _later(60))

    with database.reading() as connection:
        rows = connection.execute(select(work_table.c.revision, work_table.c.due_at)).all()
    assert rows == [(31, _later(60))] * 10
    assert done


def test_ids_come_back_as_they_are_whatever_is_in_them(database):
    odd = [
        "it's",
        'a "quoted" one',
        "back\\slash",
        "{brace,comma}",
        "NULL",
        "%s",
        "$1",
        "line\nbreak",
        "\u3000",
        "📦",
        "x" * 2000,
    ]
    at = _later(1.5) + timedelta(microseconds=7)
    _register(database, *odd, "plain")
    claims = _claim(database, "one", limit=100)
    assert _ids(claims) == sorted([*odd, "plain"])
    with database.writing() as connection:
        assert work.hold(connection, "one", odd) == set(odd)
        write_statements(
            connection, [StatementRow(one, at, "moving", "line_haul", f'{{"of": "{one}"}}') for one in odd]
        )
        work.finish(connection, claims, dict.fromkeys(_ids(claims), at))
    with database.reading() as connection:
        assert read_statements(connection, [*odd, "plain"]) == {one: f'{{"of": "{one}"}}' for one in odd}
        kept = connection.execute(select(shipments.c.shipment_id, shipments.c.computed_at)).all()
        assert {row.shipment_id: row.computed_at for row in kept} == {**dict.fromkeys(odd, at), "plain": None}
        assert read_statements(connection, []) == {}
    assert _claim(database, "two", at - timedelta(microseconds=1)) == []
    assert _ids(_claim(database, "three", at, limit=100)) == sorted([*odd, "plain"])
